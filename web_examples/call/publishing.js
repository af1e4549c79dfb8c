// What the others get of this page: camera and microphone, each of which its switch turns on and off.

import { ownName } from './people.js';
import { addEvent } from './signals.js';
import { addOwnTile, removeTile } from './tiles.js';

const DEVICES = ['camera', 'microphone'];
const SIZE = '640x480';

const switches = { camera: document.getElementById('camera'), microphone: document.getElementById('microphone') };
const on = { camera: false, microphone: false };

let session = null;
let publisher = null;
let opened = { camera: false, microphone: false }; // the devices that the publisher has
let tile = null;

function show() {
  for (const device of DEVICES) switches[device].setAttribute('aria-checked', String(on[device]));
  tile?.describe({ hasAudio: on.microphone, hasVideo: on.camera, videoType: 'camera' });
}

/** The end of a publisher, whoever has ended it. */
function forget(one) {
  if (one !== publisher) return;
  publisher = null;
  opened = { camera: false, microphone: false };
  for (const device of DEVICES) on[device] = false;
  removeTile('own');
  tile = null;
  show();
}

function give(one, why) {
  one.destroy();
  forget(one);
  addEvent(`Nobody sees or hears you: ${why}`);
}

/** Opens the devices that are wanted, and publishes them. */
function publish() {
  opened = { ...on };
  const one = OT.initPublisher(
    null,
    {
      insertDefaultUI: false,
      name: ownName(),
      resolution: SIZE,
      // A device that is not wanted is not opened: its light stays dark.
      videoSource: opened.camera ? undefined : null,
      audioSource: opened.microphone ? undefined : null,
    },
    (error) => {
      if (one !== publisher) return;
      if (error) {
        give(one, error.message);
        return;
      }
      session.publish(one, (refused) => {
        if (refused && one === publisher) give(one, refused.message);
      });
    },
  );
  publisher = one;
  tile = addOwnTile(ownName());
  one.on({
    videoElementCreated: ({ element }) => {
      if (one === publisher) tile.show(element);
    },
    muteForced: () => {
      on.microphone = false;
      show();
      addEvent('A moderator has turned your microphone off');
    },
    streamDestroyed: ({ reason }) => {
      if (reason === 'forceUnpublished') addEvent('A moderator has ended your stream');
      forget(one);
    },
  });
}

/** Ends what is published. */
function unpublish() {
  const one = publisher;
  if (one === null) return;
  const wanted = { ...on };
  publisher = null;
  one.destroy();
  removeTile('own');
  tile = null;
  Object.assign(on, wanted);
}

function turn(device) {
  on[device] = !on[device];
  if (publisher !== null && opened[device]) {
    if (device === 'camera') publisher.publishVideo(on.camera);
    else publisher.publishAudio(on.microphone);
  } else if (on[device]) {
    // The client's publishers keep the devices that they began with.
    unpublish();
    publish();
  }
  show();
}

/** Publishes into a session that is joined, if anything is wanted. */
export function startPublishing(joined, wanted) {
  session = joined;
  Object.assign(on, wanted);
  if (on.camera || on.microphone) publish();
  show();
}

/** The session is over. */
export function stopPublishing() {
  unpublish();
  for (const device of DEVICES) on[device] = false;
  show();
}

for (const device of DEVICES) switches[device].addEventListener('click', () => turn(device));
