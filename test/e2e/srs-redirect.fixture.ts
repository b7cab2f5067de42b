/**
 * The payload of a redirect, recorded from SRS 6.0.157: a play of `live/s1` on an origin that does not own it, owned by
 * the origin at 127.0.0.1:19352. Sent on chunk stream 5, message stream 0, as a command (type 20).
 */
export const SRS_REDIRECT_PAYLOAD = Buffer.from(
  [
    '0200086f6e537461747573000000000000000000050300056c6576656c0200056572726f720004636f646502001e4e6574436f6e6e656374696f6e',
    '2e436f6e6e6563742e52656a6563746564000b6465736372697074696f6e02001152544d502033303220526564697265637400026578030004636f',
    '6465004072e000000000000008726564697265637402001b72746d703a2f2f3132372e302e302e313a31393335322f6c6976650009726564697265',
    '63743202001e72746d703a2f2f3132372e302e302e313a31393335322f6c6976652f7331000009000009',
  ].join(''),
  'hex',
);

/** The owner's RTMP port in the recording. */
export const SRS_REDIRECT_PORT = '19352';

/** The same redirect to another port of as many digits. */
export function srsRedirectTo(port: number): Buffer {
  const text = SRS_REDIRECT_PAYLOAD.toString('latin1').replaceAll(SRS_REDIRECT_PORT, String(port));
  return Buffer.from(text, 'latin1');
}

/**
 * What SRS 6.0.157 sent on that connection before the redirect, after the handshake, in order: chunk stream, message type,
 * message stream, and what it is.
 */
export const SRS_MESSAGES_BEFORE_REDIRECT = [
  [2, 5, 0, 'WindowAckSize 2500000'],
  [2, 6, 0, 'SetPeerBandwidth 2500000 dynamic'],
  [2, 1, 0, 'SetChunkSize 60000'],
  [3, 20, 0, '_result'],
  [3, 20, 0, 'onBWDone'],
  [3, 20, 0, '_result'],
  [2, 4, 0, 'StreamBegin 1'],
  [5, 20, 1, 'onStatus NetStream.Play.Reset'],
  [5, 20, 1, 'onStatus NetStream.Play.Start'],
  [5, 18, 1, '|RtmpSampleAccess'],
  [5, 20, 0, 'onStatus NetConnection.Connect.Rejected'],
] as const;
