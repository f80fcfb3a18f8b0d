// SPDX-License-Identifier: Apache-2.0
Object.defineProperty(process, 'versions', { value: { ...process.versions, bun: '1.3.0' } });
