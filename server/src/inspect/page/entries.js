// Entries of the timeline in words.

import { streamName } from './names.js';
import { isolated, plural } from './words.js';

const LEFT = new Map([
  ['clientDisconnected', 'has left'],
  ['networkDisconnected', 'is lost: its network failed, or it was too slow'],
  ['forceDisconnected', 'was made to leave'],
]);

const STREAM_ENDED = new Map([
  ['clientDisconnected', 'has ended'],
  ['networkDisconnected', 'has ended: its publisher is lost'],
  ['forceDisconnected', 'has ended: its publisher was made to leave'],
  ['forceUnpublished', 'was made to end'],
  ['mediaStopped', 'has ended: its media has stopped'],
]);

const withReason = (known, otherwise, reason) => known.get(reason) ?? (reason ? `${otherwise} (${isolated(reason)})` : otherwise);

function muted({ by, stream, excluded = [], active }, names) {
  const who = by ? names.of(by) : 'The application';
  if (!active) return `${who} has ended the mute`;
  if (stream) return `${who} has muted the stream ${names.ofStream(stream)}`;
  return `${who} has muted everybody${excluded.length > 0 ? ', with exceptions' : ''}`;
}

function signal({ from, to, type, bytes }, names) {
  const sender = from ? names.of(from) : 'The application';
  const addressee = to ? names.of(to) : 'all';
  const kind = type ? `, type ${isolated(type)}` : '';
  return `${sender} to ${addressee}${kind}, ${plural(bytes, 'byte')}`;
}

const ofOwner = (stream, names) => (stream.connectionId ? ` of ${names.of(stream.connectionId)}` : '');

const onOff = (is) => (is ? 'on' : 'off');

/** What a stream is now that it was not `before`, as it was told last; all of it when that is not known. */
export function changes(before, { name, hasAudio, hasVideo }) {
  return [
    before?.hasAudio !== hasAudio && `sound ${onOff(hasAudio)}`,
    before?.hasVideo !== hasVideo && `picture ${onOff(hasVideo)}`,
    before && before.name !== name && (before.name.trim() ? `it was called “${isolated(before.name)}”` : 'it had no name'),
  ].filter(Boolean);
}

const changed = ({ stream, changes: what }, names) => `Stream ${streamName(stream)}${ofOwner(stream, names)} has changed: ${what.join(', ')}`;

/** `events` is null where nobody knows how many. */
const missing = ({ events }) => (events === null
  ? 'Events may be missing here: the server has forgotten them'
  : `${plural(events, 'event is', 'events are')} missing here: more happened than could be told`);

/** Every kind: its group in the filter, the word on its tag, and its sentence. */
const KINDS = {
  sessionCreated: ['session', 'Session', () => 'The session has begun'],
  sessionDestroyed: ['session', 'Session', () => 'The session has ended: nobody is in it any more'],
  connectionCreated: ['people', 'Joined', ({ connection }, names) => `${names.of(connection.id)} has joined`],
  connectionDestroyed: ['people', 'Left', ({ connection, reason }, names) => `${names.of(connection.id)} ${withReason(LEFT, 'has left', reason)}`],
  streamCreated: ['streams', 'Stream', ({ stream }, names) => `${names.of(stream.connectionId)} publishes ${streamName(stream)}`],
  streamChanged: ['streams', 'Stream', changed],
  streamDestroyed: ['streams', 'Stream', ({ stream, reason }, names) =>
    `Stream ${streamName(stream)}${ofOwner(stream, names)} ${withReason(STREAM_ENDED, 'has ended', reason)}`],
  muted: ['mutes', 'Mute', muted],
  archiveStarted: ['archives', 'Archive', ({ archive }) => `Archive ${archive.name ? `“${isolated(archive.name)}” ` : ''}has begun`],
  archiveStopped: ['archives', 'Archive', ({ reason }) => `An archive has ended${reason ? `: ${isolated(reason)}` : ''}`],
  signal: ['signals', 'Signal', signal],
  gap: ['session', 'Gap', missing],
};

/** An entry's group, tag and sentence. What a newer server may tell that this page does not know is shown by its name. */
export function inWords(entry, names) {
  const known = Object.hasOwn(KINDS, entry.kind) ? KINDS[entry.kind] : null;
  if (known === null) return { group: 'session', tag: 'Other', what: isolated(String(entry.kind)) };
  const [group, tag, sentence] = known;
  return { group, tag, what: sentence(entry, names) };
}
