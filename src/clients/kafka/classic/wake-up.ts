/** What one waits for and others bring about. A call that comes while nobody waits ends the next wait at once. */
export class WakeUp {
  private isCalled = false;
  private wake: (() => void) | undefined;

  call(): void {
    this.isCalled = true;
    this.wake?.();
  }

  async wait(): Promise<void> {
    if (!this.isCalled) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.isCalled = false;
    this.wake = undefined;
  }
}
