# Writes OUTPUT: the bytes of INPUT as the array NAME (PellucidEmbed.cmake).
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(
  WRITE ${OUTPUT}
  "#include <cstddef>
namespace pellucid::embedded {
extern const unsigned char ${NAME}[];
extern const std::size_t ${NAME}Size;
const unsigned char ${NAME}[] = {
${hex}
};
const std::size_t ${NAME}Size = sizeof(${NAME});
}  // namespace pellucid::embedded
")
