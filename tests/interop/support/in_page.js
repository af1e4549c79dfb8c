// Runs in the page, before the published client is loaded: a session behind a few calls, which tells the test all that
// happens, in the words of otc_cli. window.report is put there by the test.

window.interop = {
  session: null,
  publisher: null,
  canvas: null, // what is filmed, when it is not the camera
  received: [], // the data of every signal

  // Resolves to null, or to the error with which the client was refused.
  connect({ apiKey, id, token, proxyUrl, iceConfig }) {
    if (proxyUrl) OT.setProxyUrl(proxyUrl);
    const session = OT.initSession(apiKey, id, iceConfig ? { iceConfig } : {});
    // Who comes back to a session is given the object of before, which reports already.
    if (session !== this.session) this.reportAll(session);
    this.session = session;
    return new Promise((resolve) => session.connect(token, (error) => resolve(this.described(error))));
  },

  reportAll(session) {
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
      archiveStarted: ({ id, name }) => window.report({ event: 'archiveStarted', id, name }),
      archiveStopped: ({ id }) => window.report({ event: 'archiveStopped', id }),
      streamPropertyChanged: ({ stream, changedProperty, newValue }) => {
        if (changedProperty !== 'hasAudio') return;
        window.report({ event: 'streamHasAudioChanged', ...film(stream), changedTo: newValue });
      },
      muteForced: ({ active }) => window.report({ event: 'muteForced', active }),
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
  },

  // Resolves to null, or to the error. `to` is a connection id.
  signal({ to, ...signal }) {
    if (to !== undefined) signal.to = this.session.connections.get(to);
    return new Promise((resolve) => this.session.signal(signal, (error) => resolve(this.described(error))));
  },

  // Sends numbered signals without waiting for any. Resolves to how many were refused.
  async signalMany({ type, count }) {
    const numbers = Array.from({ length: count }, (_, index) => String(index));
    const outcomes = await Promise.all(numbers.map((data) => this.signal({ type, data })));
    return outcomes.filter((error) => error !== null).length;
  },

  // Resolves to null, or to the error. `canvas` asks for a film of a canvas of that size instead of the camera's.
  publish({ canvas, ...properties }) {
    if (canvas) properties.videoSource = this.filmCanvas(canvas);
    return new Promise((resolve) => {
      this.publisher = OT.initPublisher(document.body.appendChild(document.createElement('div')), properties, (error) => {
        if (error) resolve(this.described(error));
        else this.session.publish(this.publisher, (refused) => resolve(this.described(refused)));
      });
      this.publisher.on({
        muteForced: () => window.report({ event: 'publisherMuteForced' }),
        streamDestroyed: ({ stream, reason }) =>
          window.report({ event: 'publisherStreamDestroyed', streamId: stream.streamId, reason }),
      });
    });
  },

  unpublish() {
    this.session.unpublish(this.publisher);
  },

  // The stream of this page, as the client knows it.
  ownStream() {
    const { streamId, name, creationTime, hasAudio, hasVideo, videoType, videoDimensions } = this.publisher.stream;
    const { width, height } = videoDimensions;
    return { streamId, name, creationTime, hasAudio, hasVideo, videoType, width, height };
  },

  // Turns what is published on or off: `what` is publishAudio, publishVideo or publishCaptions.
  async turn({ what, on }) {
    await this.publisher[what](on);
  },

  // The client has no call for this, so it is asked for the message by which its own calls change a channel.
  changeVideoSource(source) {
    const { stream } = this.publisher;
    this.session._.streamChannelUpdate(stream, stream.getChannelsOfType('video')[0], { source });
  },

  filmCanvas({ width, height }) {
    this.canvas = Object.assign(document.createElement('canvas'), { width, height });
    const pen = this.canvas.getContext('2d');
    let frames = 0;
    setInterval(() => {
      frames += 1;
      pen.fillStyle = `hsl(${frames % 360} 80% 50%)`;
      pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    }, 50);
    return this.canvas.captureStream().getVideoTracks()[0];
  },

  resizeCanvas({ width, height }) {
    Object.assign(this.canvas, { width, height });
  },

  // Each of these resolves to null, or to the error.

  forceMuteAll(excludedStreamIds) {
    return this.outcome(this.session.forceMuteAll(excludedStreamIds.map((id) => this.session.streams.get(id))));
  },

  forceMuteStream(id) {
    return this.outcome(this.session.forceMuteStream(this.session.streams.get(id)));
  },

  disableForceMute() {
    return this.outcome(this.session.disableForceMute());
  },

  forceUnpublish(id) {
    return this.outcome(this.session.forceUnpublish(id));
  },

  forceDisconnect(id) {
    const target = this.session.connections.get(id);
    return new Promise((resolve) => this.session.forceDisconnect(target, (error) => resolve(this.described(error))));
  },

  async outcome(promise) {
    try {
      await promise;
      return null;
    } catch (error) {
      return this.described(error);
    }
  },

  disconnect() {
    this.session.disconnect();
  },

  described(error) {
    return error ? { name: error.name, code: error.code, message: error.message } : null;
  },
};
