// Runs in the page, before the published client is loaded: a session behind a few calls, which tells the test all that
// happens, in the words of otc_cli. window.report is put there by the test.

window.interop = {
  session: null,
  publisher: null,
  received: [], // the data of every signal

  // Resolves to null, or to the error with which the client was refused.
  connect({ apiKey, id, token, proxyUrl }) {
    if (proxyUrl) OT.setProxyUrl(proxyUrl);
    const session = OT.initSession(apiKey, id);
    this.session = session;
    const person = (connection) => ({ connectionId: connection.connectionId, data: connection.data });
    const film = (stream) => ({
      streamId: stream.streamId,
      name: stream.name,
      connectionId: stream.connection.connectionId,
    });
    session.on({
      sessionConnected: () => window.report({ event: 'connected', ...person(session.connection) }),
      sessionReconnecting: () => window.report({ event: 'reconnecting' }),
      sessionReconnected: () => window.report({ event: 'reconnected' }),
      sessionDisconnected: ({ reason }) => window.report({ event: 'disconnected', reason }),
      connectionCreated: ({ connection }) => window.report({ event: 'connectionCreated', ...person(connection) }),
      connectionDestroyed: ({ connection, reason }) =>
        window.report({ event: 'connectionDropped', ...person(connection), reason }),
      streamCreated: ({ stream }) => window.report({ event: 'streamReceived', ...film(stream) }),
      streamDestroyed: ({ stream, reason }) => window.report({ event: 'streamDropped', ...film(stream), reason }),
      signal: ({ type, data, from }) => {
        this.received.push(data);
        window.report({
          event: 'signal',
          // The client's own name of the event: "signal", or "signal:" and the type.
          type: type === 'signal' ? null : type.replace(/^signal:/, ''),
          data: data === undefined ? null : data,
          from: from ? from.connectionId : from,
        });
      },
    });
    return new Promise((resolve) => session.connect(token, (error) => resolve(this.described(error))));
  },

  // Resolves to null, or to the error. `to` is a connection id.
  signal({ to, ...signal }) {
    if (to !== undefined) signal.to = this.session.connections.get(to);
    return new Promise((resolve) => this.session.signal(signal, (error) => resolve(this.described(error))));
  },

  publish(properties) {
    return new Promise((resolve) => {
      this.publisher = OT.initPublisher(document.body.appendChild(document.createElement('div')), properties, (error) => {
        if (error) resolve(this.described(error));
        else this.session.publish(this.publisher, (refused) => resolve(this.described(refused)));
      });
    });
  },

  unpublish() {
    this.session.unpublish(this.publisher);
  },

  // Resolves to null, or to the error.
  forceDisconnect(id) {
    const target = this.session.connections.get(id);
    return new Promise((resolve) => this.session.forceDisconnect(target, (error) => resolve(this.described(error))));
  },

  disconnect() {
    this.session.disconnect();
  },

  described(error) {
    return error ? { name: error.name, code: error.code, message: error.message } : null;
  },
};
