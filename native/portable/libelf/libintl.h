/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in English only. */
#define dgettext(domain, text) (text)
#define bindtextdomain(domain, folder)
