// SPDX-License-Identifier: Apache-2.0
/** The tags of an ExportTraceServiceRequest, a ResourceSpans and a ScopeSpans. */
import { bytesTag } from '../../protobuf/writer.ts';

export const RESOURCE_SPANS = bytesTag(1);
export const RESOURCE = bytesTag(1);
export const SCOPE_SPANS = bytesTag(2);
export const RESOURCE_SCHEMA_URL = bytesTag(3);
export const SCOPE = bytesTag(1);
export const SPAN = bytesTag(2);
