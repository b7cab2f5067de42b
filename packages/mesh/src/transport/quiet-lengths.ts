/** How noise's connections cut what comes in into messages; not in its interface, so its presence is checked. */
interface Cutting {
  readonly decoder: {
    /** The length of the message that these bytes begin with. @throws RangeError where they are too few to tell. */
    lengthDecoder(bytes: Bytes): number;
    /** A message that is longer is refused; one that is as long is waited for. */
    readonly maxDataLength: number;
  };
}

interface Bytes {
  readonly byteLength: number;
}

/** Before each message of noise stands its length. */
const LENGTH_BYTES = 2;

/**
 * Has noise ask for the next length without an error. It does so after each message, when nothing more has come as a rule, and
 * libp2p's decoder throws an error then, whose stack made some 3 % of an idle member's work. This one says that a message has begun
 * which is not all there yet, so noise waits for more just the same.
 */
export function waitQuietly(connection: object): void {
  const { decoder } = connection as Partial<Cutting>;
  if (typeof decoder?.lengthDecoder !== 'function' || typeof decoder.maxDataLength !== 'number')
    throw new Error('this version of noise cuts messages in another way');
  const { maxDataLength } = decoder;
  const lengthOf = decoder.lengthDecoder.bind(decoder);
  decoder.lengthDecoder = (bytes) => (bytes.byteLength < LENGTH_BYTES ? maxDataLength : lengthOf(bytes));
}
