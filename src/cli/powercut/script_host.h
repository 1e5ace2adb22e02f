// Runs a user's scripts on a camera, each in a copy of this process.
#pragma once

#include <string>
#include <vector>

#include "boards/camera.h"
#include "cli/child.h"
#include "cli/powercut/options.h"
#include "cli/powercut/recording.h"

namespace cli::powercut {

class ScriptHost {
 public:
  ScriptHost(boards::Camera& camera, const Options& options)
      : camera_(camera), options_(options), output_("output"), recording_("recording") {}

  boards::Camera& camera() { return camera_; }

  // Runs the writer on the camera as it is, which stays as it is.
  Ending record_write(Recording& recording);

  // In a child that is as the camera is once it has lost its power: boots, and runs the check. What the
  // writer noted before is there.
  Ending check(const std::vector<std::string>& notes);
  Ending record_check(const std::vector<std::string>& notes, Recording& recording);

  // The same in this process, which is a child and can do nothing else afterwards. Returns the exit code.
  int check_here(const std::vector<std::string>& notes);

  ChildOptions child_options() { return {.output = &output_, .time_limit_s = options_.time_limit_s}; }

 private:
  void record_to(Recording& recording);
  int hand_over(Recording& recording);

  boards::Camera& camera_;
  const Options& options_;
  MemoryFile output_;
  MemoryFile recording_;
};

}  // namespace cli::powercut
