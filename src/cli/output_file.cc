#include "cli/output_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "images/image.h"

namespace cli {

std::string write_file(const std::string& path, std::string_view content) {
  images::Replacement replacement(path);
  std::ofstream file(replacement.path(), std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  return file ? replacement.commit() : path + ": " + std::strerror(errno);
}

}  // namespace cli
