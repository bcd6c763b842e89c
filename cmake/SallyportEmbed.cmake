# Writes the bytes of IN as a C array called NAME into OUT. Run with cmake -P.
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${hex}")
string(REGEX REPLACE "((0x.., ){16})" "\\1\n    " bytes "${bytes}")
file(WRITE "${OUT}" "/* Made from ${FROM} by cmake/SallyportEmbed.cmake. */\nstatic const char ${NAME}[] = {\n    ${bytes}0x00};\n")
