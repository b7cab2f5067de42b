/** RTMP 1.0, 5.3.1.2: a message header of type 0. */
export const FULL_HEADER_BYTES = 11;

/** 5.3.1.3: in the 3-byte field it says that the timestamp stands in 4 bytes after the header; later times do too. */
export const EXTENDED_TIMESTAMP = 0xffffff;
export const EXTENDED_TIMESTAMP_BYTES = 4;
