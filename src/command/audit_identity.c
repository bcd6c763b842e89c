/* sallyport audit erase, and names that the log holds as keyed digests, for whoever has the key. */
#include <fcntl.h>
#include <stdio.h>

#include "base/own.h"
#include "base/secret.h"
#include "codec/hex.h"
#include "command/audit_inner.h"
#include "command/command.h"
#include "os/files.h"
#include "process/identities.h"
#include "wire/msg.h"

/* The keys lie beside the log of a state directory. */
static int open_identities(const char *log_path)
{
    char path[4096 + 32];
    int len = snprintf(path, sizeof(path), "%s/../" SP_IDENTITIES_DIRECTORY, log_path);
    return len < 0 || (size_t)len >= sizeof(path)
               ? -1
               : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* --- erase --- */

int sp_audit_erase_command(const struct sp_audit_options *options)
{
    struct sp_audit_place place;
    struct sp_audit_options own = *options;
    const char *tenant = options->directory;
    if (tenant == NULL) {
        return sp_audit_usage("the name of a tenant must follow: erase", "TENANT");
    }
    own.directory = NULL;
    int status = sp_audit_place_open(&own, &place);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    SP_AUTO_CLOSE int dir = open_identities(place.path);
    enum sp_err err = dir < 0 ? SP_ERR_NOT_FOUND : sp_identity_erase(dir, tenant);
    sp_audit_place_close(&place);
    if (err == SP_ERR_NOT_FOUND || err == SP_ERR_INVALID) {
        (void)fprintf(stderr, "sallyport audit: there is no key of a tenant %s\n", tenant);
        return SP_EXIT_DENIED;
    }
    if (err != SP_OK) {
        return sp_audit_cannot("cannot destroy the key of", tenant, err);
    }
    (void)printf("the key of %s is destroyed: its names in the log lead back to nobody any more.\n"
                 "A running service forgets it when it is sent SIGHUP; a tenant that is still "
                 "configured gets a new one then.\n",
                 tenant);
    return SP_EXIT_DONE;
}

/* --- searching --- */

static enum sp_err read_key_file(const char *path, uint8_t out[SP_VEIL_KEY_BYTES])
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf text;
    sp_buf_init(&text, (size_t)4 * SP_VEIL_KEY_BYTES);
    SP_TRY(sp_file_read(path, &text));
    struct sp_slice digits = sp_buf_slice(&text);
    digits = sp_slice_sub(digits, 0, sp_slice_find(digits, 0, '\n'));
    return sp_hex_read(digits, SP_VEIL_KEY_BYTES, out) == SP_OK ? SP_OK : SP_ERR_CORRUPT;
}

static enum sp_err read_key(const char *log_path, struct sp_slice tenant,
                            uint8_t out[SP_VEIL_KEY_BYTES])
{
    char name[SP_MSG_NAME_MAX + 1];
    SP_AUTO_CLOSE int dir = open_identities(log_path);
    if (dir < 0 || tenant.len > SP_MSG_NAME_MAX) {
        return SP_ERR_NOT_FOUND;
    }
    sp_slice_to_text(tenant, name, sizeof(name));
    return sp_identity_read(dir, name, out);
}

static enum sp_err make_forms(const uint8_t key_bytes[SP_VEIL_KEY_BYTES], struct sp_search *search,
                              struct sp_audit_forms *forms)
{
    const struct {
        enum sp_veil which;
        struct sp_slice name;
        struct sp_slice *keyed;
    } names[] = {
        {SP_VEIL_TENANT, search->tenant, &search->keyed_tenant},
        {SP_VEIL_PRINCIPAL, search->principal, &search->keyed_principal},
        {SP_VEIL_SESSION, search->session, &search->keyed_session},
        {SP_VEIL_SOURCE, search->source, &search->keyed_source},
    };
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        SP_TRY(sp_veil_text(sp_slice_make(key_bytes, SP_VEIL_KEY_BYTES), names[i].which,
                            names[i].name, forms->texts[i]));
        *names[i].keyed = sp_slice_of(forms->texts[i]);
    }
    return SP_OK;
}

/* Without a tenant or its key the names are looked for as they are. */
int sp_audit_forms_make(const char *log_path, const char *key_file, struct sp_search *search,
                        struct sp_audit_forms *forms)
{
    uint8_t key[SP_VEIL_KEY_BYTES];
    if (search->tenant.len == 0) {
        return key_file == NULL ? SP_EXIT_DONE
                                : sp_audit_usage("--identity-key needs --tenant beside it", "");
    }
    enum sp_err err = key_file != NULL   ? read_key_file(key_file, key)
                      : log_path != NULL ? read_key(log_path, search->tenant, key)
                                         : SP_ERR_NOT_FOUND;
    if (err != SP_OK) {
        return key_file == NULL && err != SP_ERR_CORRUPT
                   ? SP_EXIT_DONE
                   : sp_audit_cannot("cannot read the key",
                                     key_file == NULL ? "of this tenant" : key_file, err);
    }
    err = make_forms(key, search, forms);
    sp_wipe(key, sizeof(key));
    return err == SP_OK ? SP_EXIT_DONE
                        : sp_audit_cannot("cannot use the key of", "this tenant", err);
}
