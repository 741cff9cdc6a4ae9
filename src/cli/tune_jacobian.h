// `pellucid tune jacobian`, apart from its siblings because it shares no option
// with them but the text.
#ifndef PELLUCID_CLI_TUNE_JACOBIAN_H_
#define PELLUCID_CLI_TUNE_JACOBIAN_H_

#include "cli/commands.h"
#include "cli/io.h"
#include "pellucid/result.h"

namespace pellucid::cli {

Status RunTuneJacobian(Args args, Io& io);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_TUNE_JACOBIAN_H_
