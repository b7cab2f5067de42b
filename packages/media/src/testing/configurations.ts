/** Decoder configurations as encoders write them. */
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** x264, 1280x720. */
export const AVCC_720: Buffer = hex(
  '0164001fffe1001a6764001facd9405005bb011000000300100000030320f183196001000668ebe3cb22c0',
);
/** x264, 1920x1080, cropped from 1088. */
export const AVCC_1080: Buffer = hex(
  '01640028ffe1001b67640028acd940780227e5c044000003000400000300c83c60c65801000668ebe3cb22c0',
);
/** x265, 322x182, 4:4:4. */
export const HVCC_322: Buffer = hex(
  '0104080000009e08000000003cf000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300003c959809' +
    'a10001002e4201010408000003009e0800000300003c90014901739ef2cacd24995e02dc080800100000030010000003019080' +
    'a2000100084401c172860c4624',
);
export const AV1C: Buffer = hex('81040c00');
export const VPCC: Buffer = hex('000a820202020000');
/** Two channels. */
export const OPUS_HEAD: Buffer = Buffer.concat([Buffer.from('OpusHead'), hex('0102380180bb0000000000')]);
/** 44.1 kHz, two channels, 16 bits. */
export const STREAMINFO: Buffer = hex(
  `10001000000000000000 0ac442f0 00000000 ${'00'.repeat(16)}`.replaceAll(' ', ''),
);
