#include "cli/output_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "images/output_file.h"
#include "sim/same_file.h"

namespace cli {

namespace {

bool are_one_there(const std::string& a, const std::string& b) {
  struct stat first, second;
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 && sim::is_same_file(first, second);
}

// Of a file that need not be there; a link's is that which it leads to. Empty: it has none, as a pipe.
std::filesystem::path real_path(const std::string& name) {
  std::error_code ignored;
  std::filesystem::path path = name;
  if (std::filesystem::is_symlink(path, ignored) && !std::filesystem::exists(path, ignored)) {
    path = path.parent_path() / std::filesystem::read_symlink(path, ignored);
  }
  return std::filesystem::weakly_canonical(path, ignored);
}

}  // namespace

std::string write_file(const std::string& path, std::string_view content, images::Name name) {
  images::OutputFile file;
  std::string error = file.open(path);
  if (error.empty()) error = file.write({reinterpret_cast<const uint8_t*>(content.data()), content.size()});
  return error.empty() ? file.commit(0, name) : error;
}

std::string look_at_output(const std::string& option, const std::string& path) {
  std::error_code ignored;
  const auto kind = std::filesystem::symlink_status(path, ignored).type();
  const std::string head = option + " " + path + ": ";
  if (kind == std::filesystem::file_type::directory) return head + std::strerror(EISDIR);
  if (kind != std::filesystem::file_type::not_found && kind != std::filesystem::file_type::regular) return "";
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (path.empty() || access(folder.c_str(), W_OK) == 0) return "";
  return head + std::strerror(errno);
}

bool are_one_file(const std::string& a, const std::string& b) {
  if (are_one_there(a, b)) return true;
  const std::filesystem::path path = real_path(a);
  return !path.empty() && path == real_path(b);
}

std::string refuse_input(const std::string& option, const std::string& output,
                         const std::vector<Input>& inputs) {
  std::error_code none_there;
  const bool is_replaced =
      !std::filesystem::exists(output, none_there) || std::filesystem::is_regular_file(output, none_there);
  if (output.empty() || !is_replaced) return {};  // a device loses nothing
  for (const Input& input : inputs) {
    if (!input.path.empty() && are_one_file(output, input.path))
      return option + " " + output + ": is " + input.what + " itself; name another file";
  }
  return {};
}

std::string refuse_existing(const std::string& path, bool replaces) {
  if (replaces || path.empty() || !std::filesystem::exists(path)) return {};
  return images::name_is_taken(path);
}

std::ostream& stream_beside(const std::vector<std::string>& files) {
  const bool is_used = std::any_of(
      files.begin(), files.end(), [](const std::string& file) { return are_one_there(file, "/dev/stdout"); });
  return is_used ? std::cerr : std::cout;
}

}  // namespace cli
