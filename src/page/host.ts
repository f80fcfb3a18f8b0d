// SPDX-License-Identifier: Apache-2.0
import type { EventHost } from '../event/event.ts';
import type { ReportData } from '../report/data.ts';

export const nameOf = ({ name, id }: EventHost): string => name ?? id ?? 'unknown host';

/** The name of a host by its number; undefined where there is only one, which is named at the top. */
export const hostOf = ({ hosts }: ReportData, number: number | undefined): string | undefined =>
  hosts.length > 1 && number !== undefined ? nameOf(hosts[number]!) : undefined;
