#!/bin/bash -eu
# Called by the service, which sets CC, CXX, their flags, LIB_FUZZING_ENGINE and OUT.
cmake -S . -B build/service -G Ninja -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCR_FUZZ=service
cmake --build build/service
for what in image record program; do "build/service/bin/make_${what}_seeds" "build/service/fuzz/made/$what"; done
grep '^[a-z]' fuzz/targets | while read -r name _; do
  cp "build/service/bin/fuzz_$name" "$OUT/"
  mapfile -t inputs < "build/service/fuzz/$name.inputs"
  find "${inputs[@]}" -type f -print0 2>/dev/null | xargs -0 -r zip -q -j "$OUT/fuzz_${name}_seed_corpus.zip" || true
  for dictionary in "fuzz/dictionaries/$name" "fuzz/dictionaries/${name%%_*}"; do
    if [ -e "$dictionary" ]; then cp "$dictionary" "$OUT/fuzz_$name.dict"; break; fi
  done
done
