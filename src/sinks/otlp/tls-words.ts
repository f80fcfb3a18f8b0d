// SPDX-License-Identifier: Apache-2.0
/** Shortens OpenSSL's "40...:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/...c:77:". */
export function tlsWords(message: string): string {
  return message.replace(/(write EPROTO )?[0-9A-F]+:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):.*/s, 'TLS: $2');
}
