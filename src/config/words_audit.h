/*
 * words_audit - the words of the CHOICE rows of [audit], in the order of their rows.
 *
 * Runs in: supervisor, commands.   Only config.h includes this.
 */
#ifndef SP_CONFIG_WORDS_AUDIT_H
#define SP_CONFIG_WORDS_AUDIT_H

enum sp_config_audit_code { SP_CONFIG_AUDIT_DIGEST, SP_CONFIG_AUDIT_FULL };
enum sp_config_identities { SP_CONFIG_IDENTITIES_CLEAR, SP_CONFIG_IDENTITIES_KEYED };

#endif
