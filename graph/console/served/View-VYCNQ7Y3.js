import{a as r}from"./chunk-YFSPQ3TQ.js";import{j as o,n as e}from"./chunk-W2VQX4GN.js";function a(){return o(r,{heading:e.value.agents.heading})}export{a as View};
