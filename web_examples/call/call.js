// A call: joins the session that the page's address names, publishes, and shows everybody else.

import { addPerson, beOwn, forgetPeople, isOwn, nameOf, removePerson } from './people.js';
import { startPublishing, stopPublishing } from './publishing.js';
import { addEvent, addSignal, forgetSignals, sendWith } from './signals.js';
import { addTile, removeAllTiles, removeTile, tileOf } from './tiles.js';

const element = (id) => document.getElementById(id);
let session = null;
let server = null; // the client takes one server for its whole life

function show(state, mood = '') {
  element('state').textContent = state;
  element('state').dataset.mood = mood;
}

function showLobby(visible) {
  element('lobby').hidden = !visible;
  element('call').hidden = visible;
  if (visible) element('join').querySelector('[type="submit"]').focus();
  else element('data').focus();
}

// ---- The others' streams

function subscribe(stream) {
  const tile = addTile(stream);
  tile.describe(stream);
  const subscriber = session.subscribe(stream, null, { insertDefaultUI: false }, (error) => {
    if (error) tile.say('way', `cannot be received: ${error.message}`);
  });
  subscriber.on({
    videoElementCreated: (event) => tile.show(event.element),
    connected: () => tile.say('way', ''),
    disconnected: () => tile.say('way', 'the way to them is lost…'),
    destroyed: () => removeTile(stream.streamId),
    audioBlocked: () => tile.say('sound blocked', 'click anywhere to hear them'),
    audioUnblocked: () => tile.say('sound blocked', ''),
  });
}

// ---- The session

function listen() {
  session.on({
    connectionCreated: ({ connection }) => {
      addPerson(connection);
      if (!isOwn(connection)) addEvent(`${nameOf(connection)} is here`);
    },
    connectionDestroyed: ({ connection, reason }) => {
      if (!removePerson(connection)) return;
      addEvent(`${nameOf(connection)} has left${reason === 'clientDisconnected' ? '' : ` (${reason})`}`);
    },
    streamCreated: ({ stream }) => subscribe(stream),
    streamDestroyed: ({ stream }) => removeTile(stream.streamId),
    streamPropertyChanged: ({ stream }) => tileOf(stream.streamId)?.describe(stream),
    signal: addSignal,
    sessionReconnecting: () => show('Connection lost, reconnecting…', 'bad'),
    sessionReconnected: () => show('Joined again', 'good'),
    sessionDisconnected: ({ reason }) => {
      stopPublishing();
      removeAllTiles();
      show(reason === 'clientDisconnected' ? 'You have left' : `The session is over: ${reason}`, 'bad');
      showLobby(true);
    },
  });
}

function loadClient() {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'opentok.js';
    script.onload = resolve;
    script.onerror = () => reject(new Error('the published client cannot be loaded'));
    document.head.append(script);
  });
}

async function join({ url, apiKey, session: id, token, camera, microphone }) {
  show('Joining…');
  if (server === null) {
    await loadClient();
    OT.setProxyUrl(url);
    server = url;
  }
  forgetPeople();
  forgetSignals();
  // Who comes back to a session is given the object of before, which has its listeners.
  const before = session;
  session = OT.initSession(apiKey, id);
  if (session !== before) listen();
  session.connect(token, (error) => {
    if (error) {
      show(`Refused: ${error.message}`, 'bad');
      element('place').open = true;
      return;
    }
    beOwn(session.connection);
    show('Joined', 'good');
    showLobby(false);
    startPublishing(session, { camera: camera === 'on', microphone: microphone === 'on' });
  });
}

// ---- What a person does

element('join').addEventListener('submit', (event) => {
  event.preventDefault();
  const wanted = Object.fromEntries(new FormData(event.target));
  const { camera, microphone, ...place } = wanted;
  history.replaceState(null, '', `#${new URLSearchParams(place)}`);
  if (server !== null && server !== place.url) location.reload();
  else join(wanted).catch((error) => show(error.message, 'bad'));
});

// A field that is closed away cannot say what it lacks.
element('join').addEventListener('invalid', () => (element('place').open = true), true);

element('leave').addEventListener('click', () => session.disconnect());

sendWith(() => session);

// ---- The beginning

const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const fields = [...element('place').querySelectorAll('input')];
for (const field of fields) field.value = given[field.name] ?? '';
const missing = fields.find((field) => field.value === '');
element('place').open = missing !== undefined;
(missing ?? element('join').querySelector('[type="submit"]')).focus();
if (!window.isSecureContext) show('Browsers open cameras on https pages alone: you can watch and write', 'bad');
