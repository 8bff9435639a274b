"""A multiprocessing job: workers read numbers from pipes, write sums to pipes and into shared memory."""

import mmap
import multiprocessing
import sys


def work(number, tasks, answers, shared):
    total = 0
    while (item := tasks.recv()) is not None:
        value = item
        for _ in range(400):
            value = (value * 6364136223846793005 + 1442695040888963407) % 2**64
        total = (total * 31 + value) % 2**61
        answers.send((item, value))
    shared[8 * number : 8 * number + 8] = total.to_bytes(8, "little")


def main(rounds, workers):
    # fork and one-way pipes: no sockets, no named semaphores.
    context = multiprocessing.get_context("fork")
    shared = mmap.mmap(-1, 4096)
    team = []
    for number in range(workers):
        task_out, task_in = context.Pipe(duplex=False)
        answer_out, answer_in = context.Pipe(duplex=False)
        process = context.Process(
            target=work, args=(number, task_out, answer_in, shared)
        )
        process.start()
        task_out.close()
        answer_in.close()
        team.append((process, task_in, answer_out))
    check = 0
    for start in range(0, rounds, workers):
        for number, (_, tasks, _) in enumerate(team):
            tasks.send(start + number)
        for _, _, answers in team:
            item, value = answers.recv()
            check = (check * 1000003 + item ^ value) % 2**61
    for process, tasks, _ in team:
        tasks.send(None)
        process.join()
        assert process.exitcode == 0
    sums = [int.from_bytes(shared[8 * n : 8 * n + 8], "little") for n in range(workers)]
    print(f"{check} {sums}")


main(int(sys.argv[1]), int(sys.argv[2]))
