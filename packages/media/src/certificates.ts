/** A look at certificates without the media plane, which takes a while to load: for `headwater config check`. */
export { checkCertificates } from './tls/certificate-files.js';
