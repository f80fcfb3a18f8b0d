// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { systemWords } from '../../errors.ts';
import { badSetting, firstOtlp, firstSet, type Variable } from './environment.ts';
import { type Signal, TRACES } from './signal.ts';

/** The contents of the files: who may sign the collector's certificate, and the agent's own certificate and key. */
export interface TlsFiles {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

export interface CheckedFiles {
  files: TlsFiles;
  /** The variables whose certificates have expired: a warning only, as a clock can be wrong. */
  expired: string[];
}

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** Reads and checks the files that the environment names. Throws a usage error where TLS could not use one of them. */
export function readTlsFiles(env: NodeJS.ProcessEnv, now = Date.now(), signal: Signal = TRACES): CheckedFiles {
  const expired: string[] = [];
  const check = (name: string, certificates: X509Certificate[]) => {
    if (certificates.every(({ validToDate }) => validToDate.getTime() < now)) expired.push(name);
  };
  const [ca, cert, key] = (['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'] as const).map((what) => {
    const variable = firstOtlp(env, what, signal);
    return variable && { ...variable, pem: readOnce(env, variable) };
  });
  if (ca !== undefined) check(ca.name, readCertificates(ca.name, ca.pem));
  if (cert !== undefined) {
    const [own] = readCertificates(cert.name, cert.pem);
    check(cert.name, [own!]);
    if (key === undefined) throw badSetting(cert.name, `a certificate needs its key; set ${keyFor(cert.name)} too`);
    if (!own!.checkPrivateKey(readKey(key.name, key.pem))) {
      throw badSetting(`${cert.name} and ${key.name}`, 'the key is not the key of this certificate');
    }
  } else if (key !== undefined) {
    throw badSetting(key.name, `a key needs its certificate; set ${key.name.replace('KEY', 'CERTIFICATE')} too`);
  }
  const files = { ...(ca && { ca: ca.pem }), ...(cert && { cert: cert.pem }), ...(key && { key: key.pem }) };
  try {
    createSecureContext(files);
  } catch (error) {
    const names = [ca, cert, key].flatMap((file) => file?.name ?? []).join(', ');
    throw badSetting(names, `TLS cannot use them (${(error as { reason?: string }).reason ?? 'no reason given'})`);
  }
  return { files, expired };
}

/** What the libraries read for TLS on their own account: a bad value would end the agent, or be left out. */
export function checkLibraryVariables(env: NodeJS.ProcessEnv, grpc: boolean): void {
  for (const name of ['NODE_EXTRA_CA_CERTS', ...(grpc ? ['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH'] : [])]) {
    const variable = firstSet(env, name);
    if (variable !== undefined) readCertificates(name, readPem(variable));
  }
  const ciphers = grpc ? firstSet(env, 'GRPC_SSL_CIPHER_SUITES') : undefined;
  if (ciphers === undefined) return;
  try {
    createSecureContext({ ciphers: ciphers.value });
  } catch {
    throw badSetting(ciphers.name, 'OpenSSL knows none of these ciphers');
  }
}

const keyFor = (certificate: string): string => certificate.replace(/CERTIFICATE$/, 'KEY');

const filesRead = new WeakMap<NodeJS.ProcessEnv, Map<string, Buffer>>();

/** The signals may share a file, which may be a pipe: it is read once for each environment. */
function readOnce(env: NodeJS.ProcessEnv, variable: Variable): Buffer {
  const read = filesRead.get(env) ?? new Map<string, Buffer>();
  filesRead.set(env, read);
  const pem = read.get(variable.value) ?? readPem(variable);
  read.set(variable.value, pem);
  return pem;
}

function readPem({ name, value }: Variable): Buffer {
  try {
    return readFileSync(value);
  } catch (error) {
    throw badSetting(name, `the file cannot be read (${systemWords(error)}); name a readable PEM file`);
  }
}

function readCertificates(name: string, pem: Buffer): X509Certificate[] {
  const blocks = pem.toString('latin1').match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw badSetting(name, 'the file holds no certificate; name a PEM file');
  return blocks.map((block, i) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw badSetting(name, `certificate ${i + 1} of the file is damaged; name a PEM file`);
    }
  });
}

function readKey(name: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's words for this differ with the format.
    if (pem.includes('ENCRYPTED')) throw badSetting(name, 'the key is encrypted; name a file with the key decrypted');
    throw badSetting(name, 'the file holds no private key; name a PEM file');
  }
}
