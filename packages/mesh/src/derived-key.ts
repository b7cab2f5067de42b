/** What is made of one mesh key, each by HKDF-SHA256 (RFC 5869): the key itself goes no further. */
export interface MeshKey {
  /** Names the key in the open, without a way back to it: 16 hexadecimal digits. */
  readonly id: string;
  /** What both sides of a connection mix into the noise handshake (its prologue): 32 bytes. */
  readonly prologue: Uint8Array;
}
