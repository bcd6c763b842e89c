#include "process/collectors.h"

#include "base/log.h"
#include "base/own.h"
#include "dial/target.h"
#include "os/files.h"
#include "process/settings.h"

#define CA_BYTES_MAX ((size_t)2 * 1024 * 1024)

static uint8_t kind_of(enum sp_collector_kind kind)
{
    switch (kind) {
    case SP_COLLECTOR_UNIX:
        return SP_DIAL_EITHER;
    case SP_COLLECTOR_UDP:
        return SP_DIAL_DATAGRAM;
    case SP_COLLECTOR_FILE:
    case SP_COLLECTOR_TCP:
    case SP_COLLECTOR_TLS:
    case SP_COLLECTOR_COUNT:
        break;
    }
    return SP_DIAL_STREAM;
}

enum sp_err sp_collectors_targets(const struct sp_config *config, struct sp_writer *list)
{
    for (size_t i = 0; i < config->ship_count; i++) {
        struct sp_collector collector;
        const char *why = "";
        SP_TRY(sp_collector_parse(sp_slice_of(config->ships[i].to), &collector, &why));
        if (collector.kind == SP_COLLECTOR_FILE) {
            continue;
        }
        SP_AUTO_BUF struct sp_buf encoded;
        struct sp_writer w;
        const struct sp_settings_target target = {
            .host = collector.kind == SP_COLLECTOR_UNIX ? collector.path : collector.host,
            .port = collector.port,
            .kind = kind_of(collector.kind),
            .asker = (uint8_t)SP_ROLE_SHIP};
        sp_buf_init(&encoded, SP_SETTINGS_LIST_MAX);
        sp_writer_init(&w, &encoded);
        sp_settings_target_write(&w, &target);
        SP_TRY(sp_writer_end(&w));
        sp_writer_block(list, sp_buf_slice(&encoded));
    }
    return SP_OK;
}

static enum sp_err put_one(const struct sp_config_ship *ship, const struct sp_collector *collector,
                           uint16_t target, struct sp_writer *list)
{
    SP_AUTO_BUF struct sp_buf authorities;
    SP_AUTO_BUF struct sp_buf encoded;
    struct sp_writer w;
    sp_buf_init(&authorities, CA_BYTES_MAX);
    sp_buf_init(&encoded, SP_SETTINGS_LIST_MAX);
    if (ship->ca_file[0] != '\0' && sp_file_read(ship->ca_file, &authorities) != SP_OK) {
        sp_log(SP_LOG_ERROR, "serve.failed", "cannot read %s, the ca_file of [[audit.ship]]",
               ship->ca_file);
        return SP_ERR_CONFIG;
    }
    const struct sp_settings_ship_target settings = {.to = sp_slice_of(ship->to),
                                                     .host = collector->host,
                                                     .target = target,
                                                     .is_tls = collector->kind == SP_COLLECTOR_TLS,
                                                     .ca_pem = sp_buf_slice(&authorities),
                                                     .is_ocsf = ship->format == SP_CONFIG_SHIP_OCSF,
                                                     .behind_max = ship->behind};
    sp_writer_init(&w, &encoded);
    sp_settings_ship_target_write(&w, &settings);
    SP_TRY(sp_writer_end(&w));
    sp_writer_block(list, sp_buf_slice(&encoded));
    return SP_OK;
}

enum sp_err sp_collectors_settings(const struct sp_config *config, uint16_t first,
                                   struct sp_writer *list)
{
    for (size_t i = 0; i < config->ship_count; i++) {
        struct sp_collector collector;
        const char *why = "";
        SP_TRY(sp_collector_parse(sp_slice_of(config->ships[i].to), &collector, &why));
        SP_TRY(put_one(&config->ships[i], &collector, first, list));
        first = (uint16_t)(first + (collector.kind == SP_COLLECTOR_FILE ? 0 : 1));
    }
    return SP_OK;
}
