// SPDX-License-Identifier: Apache-2.0
// An application without OpenTelemetry.
require('./check.cjs').checker({ trace: { getActiveSpan() {} } })('bare');
