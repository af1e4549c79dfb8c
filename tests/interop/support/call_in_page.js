// Runs in the page after in_page.js: what a page receives of others, and how much of it really arrives.

// Every peer connection of this page, to look at what goes through it.
const peers = [];
window.RTCPeerConnection = class extends window.RTCPeerConnection {
  constructor(...configuration) {
    super(...configuration);
    peers.push(this);
    this.addEventListener('icecandidateerror', ({ url, errorCode }) =>
      window.report({ event: 'iceCandidateError', url, code: errorCode }));
  }

  // Reports each candidate of the other side, and whether it belongs to a description that is there.
  addIceCandidate(candidate) {
    const of = / ufrag (\S+)/.exec(candidate.candidate)?.[1];
    const isKnown = this.remoteDescription?.sdp.includes(`a=ice-ufrag:${of}\r\n`) ?? false;
    window.report({ event: 'candidate', of, isKnown });
    return super.addIceCandidate(candidate);
  }
};

/** How often a page looks for what no event tells, in milliseconds. */
const LOOK_EVERY = 50;

Object.assign(window.interop, {
  subscribers: new Map(), // by the stream's id; those that have ended too

  // Resolves to null, or to the error, when the media is there.
  subscribe({ streamId, ...properties }) {
    const place = document.body.appendChild(document.createElement('div'));
    const stream = this.session.streams.get(streamId);
    return new Promise((resolve) => {
      const done = (error) => resolve(this.described(error));
      const subscriber = this.session.subscribe(stream, place, { testNetwork: false, ...properties }, done);
      this.subscribers.set(streamId, subscriber);
      const report = (event) => ({ reason }) => window.report({ event, streamId, reason: reason ?? null });
      subscriber.on({
        videoDisabled: report('videoDisabled'),
        videoEnabled: report('videoEnabled'),
        destroyed: report('subscriberDestroyed'),
      });
    });
  },

  unsubscribe(streamId) {
    this.session.unsubscribe(this.subscribers.get(streamId));
  },

  // The element that plays a stream, and the peer connection that it comes through.
  player(streamId) {
    const element = this.subscribers.get(streamId)?.element?.querySelector('video, audio');
    const tracks = element?.srcObject?.getTracks() ?? [];
    const peer = peers.find((one) => one.getReceivers().some(({ track }) => tracks.includes(track)));
    return element && peer ? { element, peer } : null;
  },

  // What has arrived of a stream so far; null when nothing plays it.
  async reading(streamId) {
    const player = this.player(streamId);
    if (!player) return null;
    const { element, peer } = player;
    const stats = [...(await peer.getStats()).values()];
    const media = (kind) => stats.find((one) => one.type === 'inbound-rtp' && one.kind === kind) ?? {};
    const [video, audio] = [media('video'), media('audio')];
    return {
      width: element.videoWidth ?? 0,
      height: element.videoHeight ?? 0,
      time: element.currentTime,
      frames: video.framesDecoded ?? 0,
      videoBytes: video.bytesReceived ?? 0,
      audioBytes: audio.bytesReceived ?? 0,
      heard: audio.totalSamplesDuration ?? 0, // seconds of sound, silence too
      energy: audio.totalAudioEnergy ?? 0,
    };
  },

  // Resolves to a reading in which each of the numbers of `least` is above that of `least`.
  reads({ streamId, least }) {
    const enough = (reading) => Object.entries(least).every(([name, number]) => reading?.[name] > number);
    return this.until(async () => {
      const reading = await this.reading(streamId);
      return enough(reading) ? reading : null;
    });
  },

  // How the bytes of a stream come here: the pair that is used, and all that the other side has named.
  async route(streamId) {
    const stats = await this.player(streamId).peer.getStats();
    const all = [...stats.values()];
    const transport = all.find(({ type }) => type === 'transport');
    const pair = stats.get(transport.selectedCandidatePairId);
    const kind = ({ candidateType, protocol, address, port }) => ({ candidateType, protocol, address, port });
    return {
      local: kind(stats.get(pair.localCandidateId)),
      remote: kind(stats.get(pair.remoteCandidateId)),
      remotes: all.filter(({ type }) => type === 'remote-candidate').map(kind),
    };
  },

  // Every ICE server that a peer connection of this page was given.
  iceServers() {
    return peers.flatMap((peer) => peer.getConfiguration().iceServers);
  },

  // Resolves when so many peer connections are open, each with a description of the other side: one that stays without was
  // opened by a message that is about none of this page's.
  openPeers(count) {
    return this.until(() => {
      const open = peers.filter((peer) => peer.connectionState !== 'closed');
      return open.length === count && open.every((peer) => peer.remoteDescription !== null);
    });
  },

  // The client has no public call for this; it makes this one when the network has changed.
  restartIce() {
    this.publisher._.iceRestart('asked for by a test', true);
  },

  async until(look) {
    for (;;) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  },
});
