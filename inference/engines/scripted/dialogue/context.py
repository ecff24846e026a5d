"""What the policy decides with: the dialogue state, the tools that are offered, and the words of the language."""

from __future__ import annotations

from dataclasses import dataclass

from db.agents.definition import AgentDefinition, ScenarioDefinition
from db.agents.tool_names import UPDATE_CRM_RECORD
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.wording.wording import Wording


@dataclass(frozen=True, slots=True)
class Context:
    """``offered``: names of the tools."""

    state: DialogueState
    offered: frozenset[str]
    wording: Wording

    @property
    def agent(self) -> AgentDefinition:
        return self.state.agent

    def may_file(self, scenario: ScenarioDefinition) -> bool:
        """Whether the tool of a scenario of the agent is available."""
        return (scenario.tool or scenario.name) in self.offered

    @property
    def may_update(self) -> bool:
        """Whether filed records can be changed."""
        return UPDATE_CRM_RECORD in self.offered

    @property
    def handover(self) -> ScenarioDefinition | None:
        """The scenario that reaches a person, if it can be filed."""
        wanted = self.agent.handover
        scenario = self.agent.scenario(wanted.scenario) if wanted else None
        return scenario if scenario is not None and self.may_file(scenario) else None

    def is_handover(self, scenario: ScenarioDefinition) -> bool:
        """Whether a scenario is the agent's handover to a person."""
        return self.agent.handover is not None and self.agent.handover.scenario == scenario.name
