# Compiler and linker flags. Each is probed, because gcc and clang of different ages know different ones.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(SP_WERROR "warnings are errors (presets and CI)" OFF)
option(SP_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(SP_FUZZ "build the fuzz targets with libFuzzer (clang)" OFF)
set(SP_SECCOMP_DEFAULT "kill" CACHE STRING "what a system call outside a role's table does: kill or log")

add_library(sp_flags INTERFACE)
target_compile_definitions(sp_flags INTERFACE _GNU_SOURCE)
target_include_directories(sp_flags INTERFACE "${CMAKE_SOURCE_DIR}/src")

function(sp_compile_flags)
    foreach(flag IN LISTS ARGN)
        string(MAKE_C_IDENTIFIER "SP_HAS_C${flag}" known)
        check_c_compiler_flag("${flag}" ${known})
        if(${known})
            target_compile_options(sp_flags INTERFACE "${flag}")
        endif()
    endforeach()
endfunction()

function(sp_link_flags)
    foreach(flag IN LISTS ARGN)
        string(MAKE_C_IDENTIFIER "SP_HAS_L${flag}" known)
        check_linker_flag(C "${flag}" ${known})
        if(${known})
            target_link_options(sp_flags INTERFACE "${flag}")
        endif()
    endforeach()
endfunction()

sp_compile_flags(
    -Wall -Wextra -Wpedantic -Wformat=2 -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla -Walloca -Wcast-qual
    -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition
    -Wredundant-decls -Wnested-externs -Wpointer-arith -Wbad-function-cast -Wnull-dereference -Wdouble-promotion
    -Wfloat-equal -Wswitch-enum -Wimplicit-fallthrough -Wunused-macros -Wdate-time
    -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion -Werror=return-type
    -Werror=format-security)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    sp_compile_flags(
        -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wtrampolines -Warith-conversion
        -Wcast-align=strict -Wformat-signedness -Wformat-overflow=2 -Wformat-truncation=2 -Wstringop-overflow=4
        -Walloc-zero -Warray-bounds=2 -Wbidi-chars=any)
    if(NOT SP_SANITIZE)
        sp_compile_flags(-Wstack-usage=65536 -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
        # Not noted in what link-time optimisation reads: the link makes the code then, and has to be told.
        if(SP_HAS_C_fzero_call_used_regs_used_gpr)
            target_link_options(sp_flags INTERFACE -fzero-call-used-regs=used-gpr)
        endif()
    endif()
else()
    sp_compile_flags(
        -Wcomma -Wconditional-uninitialized -Wunreachable-code-aggressive -Wshorten-64-to-32 -Wassign-enum
        -Wextra-semi -Wmissing-variable-declarations -Wcast-align -Wdocumentation)
endif()
if(SP_WERROR)
    sp_compile_flags(-Werror)
endif()

sp_compile_flags(
    -fstack-protector-strong -fstack-clash-protection -fvisibility=hidden -fno-common -fno-strict-aliasing
    -fno-delete-null-pointer-checks -fno-strict-overflow "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    sp_compile_flags(-fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    sp_compile_flags(-mbranch-protection=standard)
endif()
if(SP_SANITIZE)
    # Fortify and the sanitizers replace the same functions, so one excludes the other.
    target_compile_options(sp_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                           -fno-omit-frame-pointer -U_FORTIFY_SOURCE)
    target_link_options(sp_flags INTERFACE -fsanitize=address,undefined)
    target_compile_definitions(sp_flags INTERFACE SP_SANITIZED=1)
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
    target_compile_options(sp_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
if(SP_SECCOMP_DEFAULT STREQUAL "log")
    target_compile_definitions(sp_flags INTERFACE SP_SECCOMP_LOG=1)
endif()
if(SP_FUZZ)
    target_compile_options(sp_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
sp_link_flags(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--as-needed
              -Wl,--no-copy-dt-needed-entries)
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
include(CheckPIESupported)
check_pie_supported()
