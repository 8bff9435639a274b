// The images that an image inherits pages from: where they are, and that they are the ones.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "cr/engine/options.h"
#include "cr/image/reader.h"
#include "cr/kinds/origin.pb.h"

namespace cr::engine {

// Every byte of one file. The operation is told which, and asked every few MiB whether there is time left.
Result<image::VerifyReport> verify(const image::Reader& image, const Operation& operation);

// Opens, verifies and attaches the parent, its parent, and so on. Looked at first: the files that the user
// gave, in any order; then the places that the images name. A parent that cannot be found is a Conflict, a
// damaged one InvalidImage. One that is sound but no longer what it was counts as not found: it is the place
// that is wrong, and the right file may be in another. Nothing happens if the image has none.
Result<void> attach_parents(image::Reader& image, const kinds::Origin& origin,
                            std::span<const std::string> given, const Operation& operation = {});

// The same for an image that comes as a stream. `id`: of the parent; `name`: of the stream, for messages.
Result<std::shared_ptr<const image::Reader>> find_parent(const image::ImageId& id, const std::string& name,
                                                         const kinds::Origin& origin,
                                                         std::span<const std::string> given,
                                                         const Operation& operation = {});

// What an image says of where its parent is: its path relative to the image's folder if it is in there or
// below, so that both can be moved together, and absolute otherwise. `image`: empty for a stream.
Result<std::string> path_for_child(const std::string& parent, const std::string& image);

}  // namespace cr::engine
