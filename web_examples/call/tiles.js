// The pictures: one tile for each stream, one's own first.

import { nameOf } from './people.js';

const list = document.getElementById('tiles');
const tiles = new Map(); // stream id, or 'own' → tile

/** Where a client object may put its video, and what is said about it. */
class Tile {
  #notes = new Map();

  constructor(name, { own = false } = {}) {
    this.place = document.createElement('li');
    this.place.className = own ? 'tile own' : 'tile';
    const face = this.#part('span', 'face', [...name][0]?.toUpperCase() ?? '?');
    face.setAttribute('aria-hidden', 'true');
    const caption = this.#part('p', 'caption', '');
    this.note = this.#part('span', 'note', '');
    caption.append(this.#part('span', 'name', own ? `${name} (you)` : name), this.note);
    this.place.append(face, caption);
  }

  #part(tag, className, text) {
    return Object.assign(document.createElement(tag), { className, textContent: text });
  }

  /** The client has made its video. */
  show(video) {
    video.setAttribute('playsinline', '');
    this.place.prepend(video);
  }

  /** What the stream is now. */
  describe({ hasAudio, hasVideo, videoType }) {
    this.place.classList.toggle('blind', !hasVideo);
    this.place.classList.toggle('screen', videoType === 'screen');
    this.place.classList.toggle('camera', videoType === 'camera');
    this.say('sound', hasAudio ? '' : 'microphone off');
    this.say('picture', hasVideo ? '' : 'camera off');
  }

  /** A note beside the name; an empty one takes back what was said about `what`. */
  say(what, text) {
    this.#notes.set(what, text);
    const notes = [...this.#notes.values()].filter(Boolean).join(', ');
    this.note.textContent = notes && ` · ${notes}`;
  }
}

const showWhetherAlone = () => (document.getElementById('alone').hidden = [...tiles.keys()].some((id) => id !== 'own'));

function place(id, tile) {
  tiles.set(id, tile);
  if (id === 'own') list.prepend(tile.place);
  else list.append(tile.place);
  showWhetherAlone();
  return tile;
}

export const addOwnTile = (name) => place('own', new Tile(name, { own: true }));

export const addTile = (stream) => place(stream.streamId, new Tile(nameOf(stream.connection)));

export const tileOf = (id) => tiles.get(id);

export function removeTile(id) {
  tiles.get(id)?.place.remove();
  tiles.delete(id);
  showWhetherAlone();
}

export function removeAllTiles() {
  for (const id of [...tiles.keys()]) removeTile(id);
}
