// A user's campaign: the writer once, and then every cut of what it did.
#pragma once

#include "cli/powercut/options.h"

namespace cli::powercut {

// Returns the exit code; everything was said.
int run_campaign(const Options& options);

}  // namespace cli::powercut
