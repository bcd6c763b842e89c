/*
 * msg_make - how one row of a message's field list becomes a struct member. Only msg.h includes this.
 *
 * Runs in: every process.   Allocates: never.
 */
#ifndef SP_WIRE_MSG_MAKE_H
#define SP_WIRE_MSG_MAKE_H

#define SP_MSG_DECLARE(kind, name, max) SP_MSG_MEMBER_##kind(name)

#define SP_MSG_MEMBER_U8(name)          uint8_t name;
#define SP_MSG_MEMBER_U16(name)         uint16_t name;
#define SP_MSG_MEMBER_U32(name)         uint32_t name;
#define SP_MSG_MEMBER_U64(name)         uint64_t name;
#define SP_MSG_MEMBER_ID(name)          sp_exchange name;
#define SP_MSG_MEMBER_ERR(name)         enum sp_err name;
#define SP_MSG_MEMBER_TEXT(name)        struct sp_slice name;
#define SP_MSG_MEMBER_BYTES(name)       struct sp_slice name;
#define SP_MSG_MEMBER_DIGEST(name)      uint8_t name[SP_DIGEST_BYTES];
#define SP_MSG_MEMBER_PAYLOAD(name)     struct sp_payload name;

#endif
