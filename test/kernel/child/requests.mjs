// SPDX-License-Identifier: Apache-2.0
import 'compactstall/register';
import { fileURLToPath } from 'node:url';
import * as api from '@opentelemetry/api';
import * as sdk from '@opentelemetry/sdk-node';
import { serve } from './requests.cjs';

await serve(fileURLToPath(import.meta.url), api, sdk);
