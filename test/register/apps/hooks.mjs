// SPDX-License-Identifier: Apache-2.0
// Loader hooks in the application's thread, which see every module, CommonJS and addons too.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => next(specifier, context),
  load: (url, context, next) => next(url, context),
});
