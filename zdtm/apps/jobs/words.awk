# Counts pseudo-random words in an associative array, prints a digest of the table.
BEGIN {
	srand(7)
	for (i = 0; i < count; i++) {
		word = sprintf("w%05d", int(rand() * 40000))
		seen[word]++
		length_sum += length(word) * (i % 13)
	}
	n = asorti(seen, order)
	for (i = 1; i <= n; i++)
		digest = (digest * 31 + seen[order[i]] * i) % 1000000007
	print n, length_sum, digest
}
