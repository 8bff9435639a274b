// From an image to validated records: everything that must be right before anything is done with it.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "cr/engine/options.h"
#include "cr/image/reader.h"
#include "cr/image/scanner.h"
#include "cr/kinds/origin.pb.h"
#include "cr/kinds/records.h"

namespace cr::engine {

struct Loaded {
  kinds::Origin origin;
  kinds::Records records;
  // Of an image that is a file; records.pages points into it.
  std::shared_ptr<const image::Reader> reader;
  image::VerifyReport verified;
  // Of an image that is a stream, if it inherits pages.
  std::shared_ptr<const image::Reader> parent_of_stream;
};

// Every byte is checked, every record decoded and validated. InvalidImage tells what is wrong and where.
// `parents`: files to look at for what the image inherits from (parents.h). The operation is told of each
// file, and its deadline ends the reading.
Result<Loaded> load(const std::string& path, std::span<const std::string> parents = {},
                    const Operation& operation = {});

// The records of an image that is read front to back; `name` is for messages. Its pages are still to come.
Result<Loaded> load_records(image::Scanner& stream, const std::string& name,
                            std::span<const std::string> parents, const Operation& operation = {});

}  // namespace cr::engine
