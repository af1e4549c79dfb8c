"""The package `opentok`, in the words of the tests (support/sdk.mjs)."""

from opentok import ArchiveModes, Client, MediaModes, OutputModes, Roles, StreamModes

# What the tests call the options of an archive, and what the package does.
ARCHIVE_OPTIONS = {
    "name": "name",
    "hasAudio": "has_audio",
    "hasVideo": "has_video",
    "resolution": "resolution",
    "layout": "layout",
    "multiArchiveTag": "multi_archive_tag",
}


def archive_of(archive):
    return {
        "id": archive.id,
        "status": archive.status,
        "name": archive.name,
        "sessionId": archive.session_id,
        "createdAt": int(archive.created_at.timestamp()),
        "outputMode": archive.output_mode.value,
        "hasAudio": archive.has_audio,
        "hasVideo": archive.has_video,
        "size": archive.size,
        "duration": archive.duration,
        "url": archive.url,
    }


class OpenTokSdk:
    def __init__(self, project, secret, url):
        self.client = Client(project, secret, api_url=url)

    def create_session(self, options=None):
        if options is None:
            return self.client.create_session().session_id
        return self.client.create_session(
            location=options.get("location"),
            media_mode=MediaModes[options.get("media", "relayed")],
            archive_mode=ArchiveModes[options.get("archive", "manual")],
            archive_name=options.get("archiveName"),
            archive_resolution=options.get("archiveResolution"),
            e2ee=options.get("e2ee", False),
        ).session_id

    def token(self, session, options):
        chosen = {}
        if "role" in options:
            # The package's name for one of the roles is not its value.
            chosen["role"] = Roles(options["role"])
        if "expiresAt" in options:
            chosen["expire_time"] = options["expiresAt"]
        if "classes" in options:
            chosen["initial_layout_class_list"] = options["classes"]
        use_jwt = options.get("kind") != "T1"
        return self.client.generate_token(session, data=options.get("data"), use_jwt=use_jwt, **chosen)

    def signal(self, session, content, to=None):
        self.client.send_signal(session, content, to)

    def disconnect(self, session, connection):
        self.client.force_disconnect(session, connection)

    def mute_stream(self, session, stream):
        # Answers the response itself, or None when its status is none that it knows.
        return self.client.mute_stream(session, stream).json()

    def mute_all(self, session, excluded):
        return self.client.mute_all(session, excluded).json()

    def end_mute(self, session):
        return self.client.disable_force_mute(session).json()

    def list_streams(self, session):
        streams = self.client.list_streams(session)
        return [stream.attrs() for stream in streams]

    def get_stream(self, session, stream):
        return self.client.get_stream(session, stream).attrs()

    def set_classes(self, session, items):
        self.client.set_stream_class_lists(session, items)

    def start_archive(self, session, options):
        chosen = {theirs: options[ours] for ours, theirs in ARCHIVE_OPTIONS.items() if ours in options}
        if "outputMode" in options:
            chosen["output_mode"] = OutputModes[options["outputMode"]]
        if "streamMode" in options:
            chosen["stream_mode"] = StreamModes[options["streamMode"]]
        return archive_of(self.client.start_archive(session, **chosen))

    def stop_archive(self, archive):
        return archive_of(self.client.stop_archive(archive))

    def get_archive(self, archive):
        return archive_of(self.client.get_archive(archive))

    def list_archives(self, wanted):
        found = self.client.list_archives(
            offset=wanted.get("offset"), count=wanted.get("count"), session_id=wanted.get("session")
        )
        return {"count": found.count, "items": [archive_of(archive) for archive in found]}

    def delete_archive(self, archive):
        self.client.delete_archive(archive)

    def set_archive_layout(self, archive, layout):
        self.client.set_archive_layout(
            archive, layout["type"], layout.get("stylesheet"), layout.get("screenshareType")
        )

    def add_archive_stream(self, archive, stream):
        self.client.add_archive_stream(archive, stream)

    def remove_archive_stream(self, archive, stream):
        self.client.remove_archive_stream(archive, stream)
