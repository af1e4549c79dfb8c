"""Fails when a page of the built documentation links to a page or an anchor that is not there: links.py DIRECTORY"""
import html.parser
import os
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    """The anchors and the links of a page."""

    def __init__(self, path):
        super().__init__()
        self.anchors = set()
        self.links = []
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name"):
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def main(directory):
    pages = {name: Page(os.path.join(directory, name)) for name in os.listdir(directory) if name.endswith(".html")}
    broken = []
    for name, page in pages.items():
        for link in page.links:
            address = urllib.parse.urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = urllib.parse.unquote(address.path) or name
            anchor = urllib.parse.unquote(address.fragment)
            if not os.path.exists(os.path.join(directory, target)):
                broken.append(f"{name}: no such file: {link}")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                broken.append(f"{name}: no such anchor: {link}")
    if not pages:
        broken.append(f"{directory}: no pages")
    if broken:
        sys.exit("\n".join(broken))


if __name__ == "__main__":
    main(sys.argv[1])
