// `pybflash image check|rescue`: is it sound, and what is left if it is not.
#include <cstdio>
#include <iostream>

#include "cli/image.h"
#include "cli/progress.h"
#include "images/check.h"
#include "images/rescue.h"
#include "images/words.h"

namespace cli {

namespace {

using images::counted;
using images::human_size;
using images::Image;
using images::Use;

struct CheckOptions {
  ImageArgument image;
  std::string target;  // of rescue
};

// Longer lists help nobody.
constexpr size_t kMaxLines = 40;

void print_lines(const std::vector<std::string>& lines) {
  for (size_t i = 0; i < lines.size() && i < kMaxLines; ++i) std::cout << "  " << lines[i] << '\n';
  if (lines.size() > kMaxLines) std::cout << "  ... and " << lines.size() - kMaxLines << " more\n";
}

int check(const CheckOptions& options) {
  Image image;
  const std::string path = options.image.file();
  if (!open_image(image, options.image, Use::kLook)) return kExitUsage;
  images::Findings findings;
  {
    Progress progress("checking");
    findings = images::check(
        image, [&](auto done, auto total, const auto& name) { progress.show(done, total, name); });
  }
  std::cout << path << ": " << image.board().name << ", " << image.content().description << '\n';
  for (const images::FoundVolume& volume : findings.volumes) {
    const bool is_read = volume.start == image.start();
    std::cout << "  " << text_of(volume) << (is_read ? "" : ", whose files are not read") << '\n';
  }
  for (const images::FoundVolume& area : findings.unknown) std::cout << "  " << text_of(area) << '\n';
  if (findings.files + findings.folders != 0) {
    std::cout << "  " << counted(findings.files, "file") << ", " << counted(findings.folders, "folder")
              << ", " << findings.files - findings.unreadable_files << " of the files can be read\n";
  }
  print_lines(findings.unseen);
  if (findings.faults.empty()) {
    std::cout << (findings.unseen.empty() ? "sound\n" : "sound, as far as it was looked at\n");
    return kExitOk;
  }
  std::cout << counted(findings.faults.size(), "fault") << ":\n";
  print_lines(findings.faults);
  std::cout << "pybflash image rescue copies out what can be read\n";
  return kExitFailed;
}

int rescue(const CheckOptions& options) {
  Image image;
  const std::string path = options.image.file();
  if (!open_image(image, options.image, Use::kLook)) return kExitUsage;
  images::Rescued rescued;
  {
    Progress progress("copying");
    const auto error = images::rescue(
        image, options.target,
        [&](auto done, auto total, const auto& name) { progress.show(done, total, name); }, rescued);
    if (!error.empty()) return usage_error(path + ": " + error);
  }
  std::cout << options.target << ": " << counted(rescued.whole_files, "whole file") << ", "
            << counted(rescued.damaged_files, "damaged file") << ", "
            << counted(rescued.lost_files, "lost file") << ", " << counted(rescued.folders, "folder") << '\n';
  print_lines(rescued.remarks);
  print_lines(rescued.hints);
  print_other_volumes(std::cout, image, path);
  return rescued.remarks.empty() ? kExitOk : kExitFailed;
}

constexpr const char* kCheckFooter = "Exit codes: 0 sound; 1 there are faults; 2 it is no image.";
constexpr const char* kRescueFooter =
    "What is whole keeps its name; what is not is NAME.damaged. The image is not changed.\n"
    "\n"
    "Exit codes: 0 everything came out; 1 something is damaged or lost; 2 nothing can be done.";

}  // namespace

void add_image_check_commands(CLI::App& image, Action& action) {
  auto check_options = std::make_shared<CheckOptions>();
  CLI::App* command = add_image_command(image, action, "check", "Is it sound?", check_options, check);
  add_volume_argument(*command, check_options->image, false);
  command->footer(kCheckFooter);

  auto rescue_options = std::make_shared<CheckOptions>();
  command = add_image_command(image, action, "rescue", "Copy out what can be read of a damaged one",
                              rescue_options, rescue);
  add_volume_argument(*command, rescue_options->image, false);
  command->add_option("target", rescue_options->target, "A folder that is empty or not there yet")
      ->type_name("DIR")
      ->check(refuse_empty)
      ->required();
  command->footer(kRescueFooter);
}

}  // namespace cli
