// SPDX-License-Identifier: Apache-2.0
/**
 * Writes what goes with the parts of others in the packages: their licences, and a list of them (an SBOM in CycloneDX 1.6). Each time
 * the same bytes for the same parts.
 *
 *   node packaging/notices.ts FOLDER
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Part, thirdParty } from './third-party.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node packaging/notices.ts FOLDER');
const { name, version, license } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const parts = thirdParty();
writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), notices());
writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(sbom(), undefined, 2)}\n`);

function notices(): string {
  const whose = ({ name, version, how }: Part) => `${name} ${version} (${how})`;
  const owned = parts.flatMap((part) => part.texts.map((text) => ({ whose: whose(part), text })));
  const texts = [...Map.groupBy(owned, ({ text }) => text)];
  const chapters = texts.map(([text, same]) => `${same.map(({ whose }) => whose).join('\n')}:\n\n${text}\n`);
  return [`${name} ${version} contains these, each with its own licence:\n`, ...chapters].join(`\n${'-'.repeat(80)}\n`);
}

function sbom(): object {
  const purl = `pkg:npm/${name}@${version}`;
  const own = { type: 'application', 'bom-ref': purl, name, version, licenses: [{ expression: license }], purl };
  const components = parts.map((part) => ({
    type: 'library',
    'bom-ref': part.purl,
    name: part.name,
    version: part.version,
    licenses: [{ expression: part.licence }],
    purl: part.purl,
  }));
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: own },
    components,
    dependencies: [{ ref: purl, dependsOn: components.map((component) => component['bom-ref']) }],
  };
}
