import{a as r}from"./chunk-LJ2KBNGD.js";import{p as o,v as e}from"./chunk-NPNVV3S4.js";function a(){return o(r,{heading:e.value.agents.heading})}export{a as View};
