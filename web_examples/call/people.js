// Who is in the session, and to whom a signal may go.

const list = document.getElementById('people');
const addressee = document.getElementById('to');
const people = new Map(); // connection id → connection, in the order of arrival
let own = null;

const shortId = (connection) => connection.connectionId.slice(0, 8);

/** What a token calls somebody; without that, the beginning of the connection's id. */
export const nameOf = (connection) => connection.data || shortId(connection);

export const isOwn = (connection) => own !== null && connection?.connectionId === own.connectionId;

export const ownName = () => nameOf(own);

/** Whom the person has chosen for the next signal: a connection, or undefined for everybody. */
export const chosen = () => people.get(addressee.value);

function show() {
  const everybody = [...people.values()];
  list.replaceChildren(
    ...everybody.map((connection) => {
      const line = document.createElement('li');
      const name = document.createElement('span');
      name.textContent = nameOf(connection) + (isOwn(connection) ? ' (you)' : '');
      const id = document.createElement('span');
      Object.assign(id, { className: 'small', textContent: shortId(connection) });
      line.append(name, id);
      return line;
    }),
  );
  const before = addressee.value;
  const choices = everybody.map((connection) => new Option(nameOf(connection), connection.connectionId));
  addressee.replaceChildren(new Option('everybody', ''), ...choices);
  addressee.value = people.has(before) ? before : '';
}

/** A new session: nobody is known. */
export function forgetPeople() {
  people.clear();
  own = null;
  show();
}

export function beOwn(connection) {
  own = connection;
  show();
}

export function addPerson(connection) {
  people.set(connection.connectionId, connection);
  show();
}

/** Whether somebody was there and is there no more. */
export function removePerson(connection) {
  const known = people.delete(connection.connectionId);
  show();
  return known;
}
