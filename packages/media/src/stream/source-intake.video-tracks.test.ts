import { describe, expect, it } from 'vitest';
import { AVCC_720, AVCC_1080, HVCC_322 } from '../testing/configurations.js';
import {
  AAC,
  AAC_HEADER,
  audio,
  bytesOf,
  HEVC_HEADER,
  HEVC_KEY,
  METADATA,
  Source,
  told,
  video,
} from '../testing/intake-source.js';
import type { Frame } from '../wire/frame.js';
import { makeFrame } from '../wire/make-frame.js';
import type { TakenFrame } from './taken-frame.js';

describe('SourceIntake, several video tracks', () => {
  const HVC1 = '68766331';
  const header = (id: number): Frame => video(0, `96 00 ${HVC1} 0${id}`, HVCC_322);
  const key =
    (id: number) =>
    (at: number): Frame =>
      video(at, `96 03 ${HVC1} 0${id} 00000002 2601`);
  const inter =
    (id: number) =>
    (at: number): Frame =>
      video(at, `a6 03 ${HVC1} 0${id} 00000002 0201`);
  const many = (first: string, at: number, ...ids: number[]): Frame =>
    video(at, `${first} 13 ${HVC1} ${ids.map((id) => `0${id} 000006 00000002 0201`).join(' ')}`);
  const idsOf = ({ frame }: TakenFrame): string => frame.payload.toString('hex');

  const both = (): Source => {
    const source = new Source().burst(HEVC_HEADER, header(1), HEVC_KEY(0), key(1)(0), inter(1)(40));
    source.got.length = 0;
    return source;
  };

  it('starts at the default track alone', () => {
    const source = new Source().burst(
      HEVC_HEADER,
      header(1),
      HEVC_KEY(0),
      key(1)(0),
      inter(1)(40),
      key(1)(80),
    );
    source.burst(inter(1)(120));
    expect(source.story).toEqual([
      'video 0 header',
      'video 0 header',
      'video 0 start',
      'video 0',
      'video 40',
      'video 80',
      'video 120',
    ]);
    expect(source.headers()).toEqual(bytesOf(HEVC_HEADER, header(1)));
  });

  it('starts at the first that came where none is track 0', () => {
    const source = new Source().burst(key(2)(0), key(1)(0), key(2)(40));
    expect(source.starts).toEqual(['video 0 start', 'video 40 start']);
  });

  it('gives no picture of another track before its own keyframe', () => {
    const source = both();
    source.burst(HEVC_KEY(80), inter(1)(80), inter(1)(120), key(1)(160), inter(1)(200));
    source.burst(inter(0)(240));
    expect(source.got.map(told)).toEqual(['video 80 start', 'video 160', 'video 200', 'video 240']);
  });

  it('puts keyframes of one moment in order, the default one’s first', () => {
    const source = both();
    source.burst(key(1)(80), HEVC_KEY(80), inter(1)(120));
    expect(source.got.map(idsOf)).toEqual(bytesOf(HEVC_KEY(80), key(1)(80), inter(1)(120)));
    expect(source.starts).toEqual(['video 80 start']);
  });

  it('does so when their configurations change together, with one start', () => {
    const source = both();
    const next = Buffer.concat([HVCC_322.subarray(0, 1), Buffer.of(2), HVCC_322.subarray(2)]);
    source.burst(
      video(0, `96 00 ${HVC1} 01`, next),
      key(1)(80),
      makeFrame('audio', 80, AAC(80).payload),
      video(0, `90 ${HVC1}`, next),
      HEVC_KEY(80),
    );
    expect(source.story).toEqual([
      'audio 80',
      'video 80 header anew',
      'video 80 start',
      'video 80 header',
      'video 80',
    ]);
    const after = both();
    after.burst(video(0, `90 ${HVC1}`, next), video(0, `96 00 ${HVC1} 01`, next), HEVC_KEY(80), key(1)(80));
    expect(after.story).toEqual(['video 80 header anew', 'video 80 start', 'video 80 header', 'video 80']);
  });

  it('begins anew where another track changes amid the GOP', () => {
    const source = both();
    const next = Buffer.concat([HVCC_322.subarray(0, 1), Buffer.of(2), HVCC_322.subarray(2)]);
    source.burst(video(0, `96 00 ${HVC1} 01`, next), inter(1)(80), HEVC_KEY(120));
    expect(source.story).toEqual(['video 80 header anew', 'video 80', 'video 120 start']);
  });

  it('reads several tracks of one message', () => {
    const source = new Source().burst(
      video(
        0,
        `96 10 ${HVC1} ${[0, 1].map((id) => `0${id} 0000${HVCC_322.length.toString(16)} ${HVCC_322.toString('hex')}`).join(' ')}`,
      ),
      many('96', 0, 0, 1),
    );
    expect(source.headers()).toEqual(bytesOf(header(0), header(1)));
    expect(source.story).toEqual(['video 0 header', 'video 0 header', 'video 0 start']);
    source.burst(many('a6', 40, 0, 1), many('96', 80, 0), many('a6', 120, 0, 1), many('a6', 160, 1));
    expect(source.got.map(idsOf)).toEqual([
      many('a6', 40, 0, 1).payload.toString('hex'),
      many('96', 80, 0).payload.toString('hex'),
      inter(0)(0).payload.toString('hex'),
    ]);
  });

  /** Each track with its own codec (AvMultitrackType 2): AVC as track 0, HEVC as track 1. */
  const mixed = (first: string, at: number, ofAvc: Buffer, ofHevc: Buffer): Frame => {
    const part = (fourcc: string, id: number, body: Buffer) =>
      Buffer.concat([Buffer.from(fourcc), Buffer.of(id, 0, 0, body.length), body]);
    return video(at, first, Buffer.concat([part('avc1', 0, ofAvc), part('hvc1', 1, ofHevc)]));
  };

  it('reads tracks of several codecs in one message, each with the configuration of its own', () => {
    const slice = Buffer.from('000000026588', 'hex');
    const source = new Source().burst(mixed('96 20', 0, AVCC_720, HVCC_322), mixed('96 23', 0, slice, slice));
    const own = bytesOf(video(0, '96 00 61766331 00', AVCC_720), header(1));
    expect(source.headers()).toEqual(own);
    expect(source.intake.media.video).toEqual({ codec: 'h264', width: 1280, height: 720 });
    // They are whole, so what cannot be understood does not replace them.
    source.burst(
      video(0, `96 00 ${HVC1} 01 07`),
      video(0, '96 00 61766331 00 07'),
      mixed('96 23', 40, slice, slice),
    );
    expect(source.headers()).toEqual(own);
  });

  it('gives the header of one track as it came, also where it came as one of many', () => {
    const alone = video(0, `96 10 ${HVC1} 00 0000${HVCC_322.length.toString(16)}`, HVCC_322);
    expect(new Source().burst(alone, key(0)(0)).headers()).toEqual(bytesOf(alone));
  });

  it('leaves out a message of which no track is whole', () => {
    const source = both();
    source.burst(video(80, `96 13 ${HVC1} 00 0000ff 00000002 2601`), inter(0)(120));
    expect(source.story).toEqual(['video 120']);
  });

  it('is shown as its default track is, whatever the others are and whichever came first', () => {
    const avc = (id: number, body: Buffer) => video(0, `96 00 61766331 0${id}`, body);
    const avcKey = (id: number) => video(0, `96 03 61766331 0${id} 00000002 6588`);
    const of = (...frames: Frame[]) => new Source().burst(...frames).intake.media.video;
    const hevc = { codec: 'hevc', width: 322, height: 182 };
    expect(of(HEVC_HEADER, HEVC_KEY(0), avc(1, AVCC_1080), avcKey(1), avcKey(1))).toEqual(hevc);
    // Their headers alone are here when the first sound comes.
    expect(of(avc(1, AVCC_1080), HEVC_HEADER, AAC(0))).toEqual(hevc);
    expect(of(avc(1, AVCC_1080), avc(2, AVCC_720), AAC(0))).toMatchObject({ height: 1080 });
  });

  it('tells joiners the codec of the track that came first where none is track 0', () => {
    const source = new Source().burst(METADATA({ encoder: 'x' }), header(2), key(2)(0));
    expect(source.metadata).toMatchObject({ encoder: 'x', videocodecid: 0x68766331 });
  });

  it('goes on at the default track’s keyframes though another track’s configuration changes', () => {
    const source = both();
    const next = Buffer.concat([HVCC_322.subarray(0, 1), Buffer.of(2), HVCC_322.subarray(2)]);
    source.burst(video(0, `96 00 ${HVC1} 01`, next), key(1)(80)).live([inter(0)], 80, 5000);
    expect(source.starts).toEqual([]);
  });

  it('puts keyframes of one moment in order, also right after a picture of the default one', () => {
    const source = both();
    source.burst(inter(0)(72), key(1)(80), HEVC_KEY(80));
    expect(source.got.map(idsOf)).toEqual(bytesOf(inter(0)(72), HEVC_KEY(80), key(1)(80)));
  });

  it('goes on by another track when the default one has gone', () => {
    const source = both().live([inter(1)], 80, 2200);
    source.got.length = 0;
    source.burst(key(1)(2200), inter(1)(2240));
    expect(source.story).toEqual(['video 2200 start', 'video 2240']);
  });

  it('carries no more tracks than is sane', () => {
    const source = new Source();
    for (let id = 0; id < 256; id += 1) {
      const of = id.toString(16).padStart(2, '0');
      source.burst(video(0, `96 00 ${HVC1} ${of}`, HVCC_322), video(0, `96 03 ${HVC1} ${of} 0000`));
    }
    expect(source.headers()).toHaveLength(16);
    source.got.length = 0;
    // Nor one of sound, which is a track as well.
    source.burst(AAC_HEADER, AAC(0));
    expect(source.story).toEqual([]);
  });

  it('keeps each track’s sound, whatever its id', () => {
    const source = new Source().burst(
      audio(0, '95 00 6d703461 00 1210'),
      audio(0, '95 00 6d703461 01 1190'),
      audio(0, '95 01 6d703461 00 21'),
      audio(0, '95 01 6d703461 01 21'),
      audio(23, '95 01 6d703461 01 21'),
    );
    expect(source.starts).toHaveLength(3);
    expect(source.headers()).toHaveLength(2);
    expect(source.intake.media.audio).toMatchObject({ sampleRateHz: 44_100 });
  });
});
