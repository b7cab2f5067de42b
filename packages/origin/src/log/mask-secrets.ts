/** What stands in the place of a secret. */
const MASK = '***';

/** Parameters of a URL: tokens, signatures and stream keys are given by these, under any name. */
const QUERY = /\?[\w%.~-]{1,64}=[^\s"'<>\\)]*/g;
/** Parameters that stand without their URL. */
const PARAMETER = /\b(token|jwt|signature|sign|proof|password|secret|key)=[^\s"'<>\\&)]+/gi;
/** User and password of a URL. */
const USER_INFO = /:\/\/[^\s"'<>\\/@]{1,512}@/g;
const BEARER = /\b(Bearer|Basic) +[^\s"'<>\\,]{4,}/gi;

/**
 * A text without what clients and services prove themselves by. Nothing puts such into the log on purpose; this is for texts
 * that come from elsewhere: errors of libraries, answers of hooks, faults. Linear in the text.
 */
export function maskSecrets(text: string): string {
  return text
    .replace(QUERY, `?${MASK}`)
    .replace(USER_INFO, `://${MASK}@`)
    .replace(PARAMETER, `$1=${MASK}`)
    .replace(BEARER, `$1 ${MASK}`);
}
