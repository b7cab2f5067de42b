/**
 * One audio, video or data message of a stream, as RTMP carries it and as an FLV tag's body holds it (the two are the
 * same bytes: Adobe FLV 10.1 E.4, RTMP 1.0 section 7.1). The payload is never changed after the frame is made, so
 * every player shares it.
 */
export interface Frame {
  readonly kind: 'audio' | 'video' | 'data';
  /** Decoding time in ms, 32 bits unsigned, by the publisher's clock. */
  readonly timestampMs: number;
  readonly payload: Buffer;
  /** A codec's sequence header or stream metadata: goes to each new player first, and is no picture or sound itself. */
  readonly isHeader: boolean;
  /** A video frame that decoding can start at. */
  readonly isKeyframe: boolean;
}
