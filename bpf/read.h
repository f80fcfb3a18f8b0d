/* SPDX-License-Identifier: GPL-2.0 */
/* The one way to read kernel memory. */
#ifndef COMPACTSTALL_READ_H
#define COMPACTSTALL_READ_H

/*
 * Probe reads serve every attach plan, but lockdown=confidentiality forbids them. The verifier then still allows loads
 * through pointers whose type it knows, which those of the tp_btf programs are. Set before load, so that the code of the
 * other way is dead, and not looked at.
 */
const volatile bool direct_loads = false;

/* The offset is added first: that of pglist_data.node_id does not fit the 16 bits of a load. */
#define READ_AT(type, base, offset)                                                                                    \
	({                                                                                                             \
		const void *place = (const void *)(base) + (offset);                                                   \
		type value = (type)0;                                                                                  \
		if (direct_loads)                                                                                      \
			value = *(const type *)place;                                                                  \
		else                                                                                                   \
			bpf_probe_read_kernel(&value, sizeof(value), place);                                           \
		value;                                                                                                 \
	})

#define READ(base, field) READ_AT(typeof((base)->field), base, bpf_core_field_offset((base)->field))

#endif
