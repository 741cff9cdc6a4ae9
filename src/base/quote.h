// Names from a file or a command line, made fit for a message: one line, valid
// UTF-8, of bounded length, whatever bytes they hold.
#ifndef PELLUCID_BASE_QUOTE_H_
#define PELLUCID_BASE_QUOTE_H_

#include <string>
#include <string_view>

namespace pellucid {

// `name` with bytes that are no text and control characters as "<0x0A>". Of a
// name over 80 bytes the first 80 and "...".
std::string Quote(std::string_view name);

}  // namespace pellucid

#endif  // PELLUCID_BASE_QUOTE_H_
