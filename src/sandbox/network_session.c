#include "sandbox/network_session.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "base/slice.h"

static const struct {
    uint8_t address[4];
    uint8_t bits;
    const char *why;
} closed[] = {
    {{10, 0, 0, 0}, 8, "private: whatever stands beside the host"},
    {{100, 64, 0, 0}, 10, "shared by carriers, and used inside clouds"},
    {{169, 254, 0, 0}, 16, "link-local: the metadata services of clouds"},
    {{172, 16, 0, 0}, 12, "private"},
    {{192, 0, 0, 0}, 24, "assigned to protocols"},
    {{192, 168, 0, 0}, 16, "private"},
    {{224, 0, 0, 0}, 4, "multicast"},
    {{240, 0, 0, 0}, 4, "reserved"},
};

struct route {
    struct nlmsghdr head;
    struct rtmsg body;
    struct rtattr attribute;
    uint8_t address[4];
};

static enum sp_err read_acknowledgement(int fd)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr body;
    } answer;
    ssize_t got = recv(fd, &answer, sizeof answer, 0);
    bool is_good = got >= (ssize_t)sizeof answer && answer.head.nlmsg_type == NLMSG_ERROR &&
                   answer.body.error == 0;
    return is_good ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err close_one(int fd, size_t row)
{
    struct route route = {
        .head = {.nlmsg_len = sizeof route,
                 .nlmsg_type = RTM_NEWROUTE,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK},
        .body = {.rtm_family = AF_INET,
                 .rtm_dst_len = closed[row].bits,
                 .rtm_table = RT_TABLE_MAIN,
                 .rtm_protocol = RTPROT_STATIC,
                 .rtm_scope = RT_SCOPE_UNIVERSE,
                 .rtm_type = RTN_UNREACHABLE},
        .attribute = {.rta_len = sizeof route.attribute + sizeof route.address,
                      .rta_type = RTA_DST},
    };
    for (size_t i = 0; i < sizeof route.address; i++) {
        route.address[i] = closed[row].address[i];
    }
    if (send(fd, &route, sizeof route, 0) != (ssize_t)sizeof route) {
        return SP_ERR_SYSTEM;
    }
    return read_acknowledgement(fd);
}

enum sp_err sp_network_close_private(void)
{
    SP_AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) {
        return SP_ERR_SYSTEM;
    }
    for (size_t i = 0; i < SP_COUNT(closed); i++) {
        SP_TRY(close_one(fd, i));
    }
    return SP_OK;
}

enum sp_err sp_network_wait(unsigned ms)
{
    const struct timespec a_while = {.tv_sec = 0, .tv_nsec = 1000000};
    SP_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (unsigned passed = 0; fd >= 0 && passed < ms; passed++) {
        struct ifreq request = {.ifr_name = SP_NETWORK_INTERFACE};
        if (ioctl(fd, SIOCGIFADDR, &request) == 0) {
            return SP_OK;
        }
        (void)nanosleep(&a_while, NULL);
    }
    return fd < 0 ? SP_ERR_SYSTEM : SP_ERR_TIMEOUT;
}

bool sp_network_is_none(void)
{
    struct if_nameindex *all = if_nameindex();
    bool is_none = all != NULL;
    for (const struct if_nameindex *one = all; one != NULL && one->if_index != 0; one++) {
        is_none = is_none && sp_slice_is(sp_slice_of(one->if_name), "lo");
    }
    if_freenameindex(all);
    return is_none;
}
