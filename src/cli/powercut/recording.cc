#include "cli/powercut/recording.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <span>

#include "sim/check.h"

namespace cli::powercut {

namespace {

struct OperationHeader {
  uint64_t mark;
  uint32_t offset;
  uint32_t length;
  uint32_t data_bytes;
  sim::Operation kind;
  bool fails;
};

class Packer {
 public:
  void put(const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), bytes, bytes + size);
  }
  void put(uint64_t number) { put(&number, sizeof(number)); }
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  std::span<const uint8_t> take(size_t size) {
    SIM_CHECK(size <= bytes_.size(), "a recording that is cut short");
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }
  template <class Plain>
  Plain take() {
    Plain plain;
    std::memcpy(&plain, take(sizeof(plain)).data(), sizeof(plain));
    return plain;
  }

 private:
  std::span<const uint8_t> bytes_;
};

void pack(const sim::Journal& journal, Packer& packer) {
  packer.put(journal.size());
  for (size_t i = 0; i < journal.size(); ++i) {
    const sim::FlashOperation operation = journal.operation(i);
    OperationHeader header;
    std::memset(&header, 0, sizeof(header));
    header.mark = journal.mark(i);
    header.offset = operation.offset;
    header.length = operation.length;
    header.data_bytes = static_cast<uint32_t>(operation.data.size());
    header.kind = operation.kind;
    header.fails = operation.fails;
    packer.put(&header, sizeof(header));
    packer.put(operation.data.data(), operation.data.size());
  }
}

void unpack(Unpacker& unpacker, sim::Journal& journal) {
  for (auto count = unpacker.take<uint64_t>(); count > 0; --count) {
    const auto header = unpacker.take<OperationHeader>();
    journal.add({.kind = header.kind,
                 .offset = header.offset,
                 .length = header.length,
                 .data = unpacker.take(header.data_bytes),
                 .fails = header.fails},
                header.mark);
  }
}

}  // namespace

std::vector<std::string> Recording::notes_before(const sim::Cut& cut) const {
  if (cut.operation >= journal.size()) return notes;
  const auto count = static_cast<ptrdiff_t>(journal.mark(cut.operation));
  return {notes.begin(), notes.begin() + count};
}

bool save(const Recording& recording, int fd) {
  Packer packer;
  pack(recording.boot, packer);
  pack(recording.journal, packer);
  packer.put(recording.notes.size());
  for (const std::string& note : recording.notes) {
    packer.put(note.size());
    packer.put(note.data(), note.size());
  }
  for (size_t done = 0; done < packer.bytes().size();) {
    const auto rest = packer.bytes().subspan(done);
    const ssize_t written = write(fd, rest.data(), rest.size());
    if (written <= 0) return false;
    done += static_cast<size_t>(written);
  }
  return true;
}

Recording load(int fd) {
  struct stat info;
  SIM_CHECK(fstat(fd, &info) == 0, "a recording without a file");
  std::vector<uint8_t> bytes(static_cast<size_t>(info.st_size));
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = pread(fd, &bytes[done], bytes.size() - done, static_cast<off_t>(done));
    SIM_CHECK(got > 0, "a recording that cannot be read");
    done += static_cast<size_t>(got);
  }
  Unpacker unpacker(bytes);
  Recording recording;
  unpack(unpacker, recording.boot);
  unpack(unpacker, recording.journal);
  for (auto count = unpacker.take<uint64_t>(); count > 0; --count) {
    const auto text = unpacker.take(unpacker.take<uint64_t>());
    recording.notes.emplace_back(text.begin(), text.end());
  }
  return recording;
}

}  // namespace cli::powercut
