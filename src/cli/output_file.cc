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

}  // namespace

std::string write_file(const std::string& path, std::string_view content) {
  images::OutputFile file;
  std::string error = file.open(path);
  if (error.empty()) error = file.write({reinterpret_cast<const uint8_t*>(content.data()), content.size()});
  return error.empty() ? file.commit() : error;
}

std::string look_at_json(const std::string& path) {
  std::error_code ignored;
  const auto kind = std::filesystem::symlink_status(path, ignored).type();
  const std::string head = "--json " + path + ": ";
  if (kind == std::filesystem::file_type::directory) return head + std::strerror(EISDIR);
  if (kind != std::filesystem::file_type::not_found && kind != std::filesystem::file_type::regular) return "";
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (path.empty() || access(folder.c_str(), W_OK) == 0) return "";
  return head + std::strerror(errno);
}

bool are_one_file(const std::string& a, const std::string& b) {
  if (are_one_there(a, b)) return true;
  std::error_code no_path;  // as of a pipe
  const std::filesystem::path path = std::filesystem::weakly_canonical(a, no_path);
  return !path.empty() && path == std::filesystem::weakly_canonical(b, no_path);
}

std::string refuse_existing(const std::string& path, bool replaces) {
  if (replaces || path.empty() || !std::filesystem::exists(path)) return {};
  return path + ": is there already; name another file, or add --force to replace it";
}

std::ostream& stream_beside(const std::vector<std::string>& files) {
  const bool is_used = std::any_of(
      files.begin(), files.end(), [](const std::string& file) { return are_one_there(file, "/dev/stdout"); });
  return is_used ? std::cerr : std::cout;
}

}  // namespace cli
