// SPDX-License-Identifier: Apache-2.0
/** Shortens OpenSSL's "40...:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/...c:77:". */
export function tlsWords(message: string): string {
  return message
    .replace(/(write EPROTO )?[0-9A-F]+:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):.*/s, 'TLS: $2')
    .replace(/; if the root CA is installed locally, .*/s, '');
}

/** Words of OpenSSL and Node.js that prove what the other side is. */
const PROOFS: [RegExp, string][] = [
  [/wrong version number|packet length too long/, 'plain_text'],
  [/alert certificate required/, 'client_certificate'],
  [/no application protocol/, 'not_http2'],
  [/self-signed certificate|verify the first certificate|get (local )?issuer certificate/, 'unknown_authority'],
];

/** The reason that a failure of TLS proves. */
export const tlsReason = (message: string): string | undefined => PROOFS.find(([words]) => words.test(message))?.[1];
