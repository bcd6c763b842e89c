#include "front/job.h"

#include "api/arguments.h"
#include "api/route.h"

/* Every other name: those of the pool. The tenant's stay here, for the answer. */
static enum sp_err put_pool_names(struct sp_slice names, struct sp_buf *out)
{
    struct sp_reader r;
    struct sp_writer w;
    struct sp_slice name = {NULL, 0};
    struct sp_slice passed = {NULL, 0};
    sp_reader_init(&r, names);
    sp_writer_init(&w, out);
    while (sp_reader_left(&r) > 0) {
        SP_TRY(sp_reader_block(&r, names.len, &name));
        SP_TRY(sp_reader_block(&r, names.len, &passed));
        sp_writer_block(&w, name);
    }
    return sp_writer_end(&w);
}

enum sp_err sp_job_arguments(const struct sp_job_request *request, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf scratch;
    SP_AUTO_BUF struct sp_buf sessions;
    struct sp_route route = {.operation = SP_OPERATION_NONE};
    struct sp_writer w;
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    sp_buf_init(&sessions, SP_ARGUMENTS_SESSIONS_MAX);
    SP_TRY(sp_route_find(request->method, request->target, &scratch, &route, NULL));
    SP_TRY(put_pool_names(request->names, &sessions));
    const struct sp_arguments arguments = {.name = route.name,
                                           .path = route.path,
                                           .content_type = request->content_type,
                                           .sessions = sp_buf_slice(&sessions),
                                           .is_recursive = route.is_recursive};
    sp_writer_init(&w, out);
    sp_arguments_write(&w, &arguments);
    return sp_writer_end(&w);
}
