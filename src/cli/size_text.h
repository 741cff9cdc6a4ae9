// Sizes for people: three digits, powers of 1000, as makers of disks and
// networks count.
#ifndef PELLUCID_CLI_SIZE_TEXT_H_
#define PELLUCID_CLI_SIZE_TEXT_H_

#include <cstdint>
#include <string>

namespace pellucid::cli {

// "4.20 MB" of 4,200,000 bytes.
std::string SizeText(std::uint64_t bytes);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_SIZE_TEXT_H_
